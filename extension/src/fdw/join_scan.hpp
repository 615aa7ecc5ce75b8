#pragma once

#include "core/request.hpp"

#include "fdw/join.hpp"

/// A join while it runs, and as EXPLAIN and penstock.scan show it.
namespace penstock::fdw {

/// The tables of a join's scan. Palloc'd.
struct JoinScan {
    int source_count;
    pg::TableInfo** tables;
    const char** aliases;  ///< as the query calls them
    const char* name;      ///< of them all, for messages
    const char* relations; ///< `spy.mid a LEFT JOIN spy.small b`
    int column_count;
    core::ColumnSpec* labels;      ///< of the request: `a.id`, and the place in the slot
    core::JoinColumnSpec* columns; ///< of the request
    core::JoinSpec spec;           ///< the last request
};

/// What the plan says, with the catalog as it is now. `names`: of all range table entries, or NIL
/// for those of the query. Raises when a column is gone.
JoinScan* make_join_scan(ForeignScanState* node, List* names);

/// The request, with values evaluated now, in the current context.
const core::JoinSpec* make_join_spec(ForeignScanState* node, JoinScan* join);

} // namespace penstock::fdw
