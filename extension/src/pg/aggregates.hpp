#pragma once

#include "penstock/types/request.hpp"

#include "pg/table.hpp"

/// Which of the server's aggregates a plugin's SDK computes, and over what it may group.
namespace penstock::pg {

/// An aggregate in the form that a plugin understands. Plain old data.
struct PushableAggregate {
    AggregateFunction function;
    AttrNumber attnum; ///< 0 = count(*)
    bool is_quotient;  ///< avg of integers: `function` is kSum, to be divided by the count
};

/// Is `aggregate` one over a plain column of `table`, whose range table index is `relid`, with the
/// result that the SDK computes (aggregate_result())? Its FILTER is not looked at. Refused:
/// DISTINCT and ORDER BY in the aggregate, partial aggregation, min and max of text unless the
/// collation orders bytes.
bool match_aggregate(Index relid, const TableInfo* table, const Aggref* aggregate,
                     PushableAggregate* match);

/// The column of `table` that `expr` is, when the SDK can group by it with the equality that
/// `clause` asks for; nullptr when not.
const ColumnInfo* match_group_key(Index relid, const TableInfo* table, Expr* expr,
                                  const SortGroupClause* clause);

} // namespace penstock::pg
