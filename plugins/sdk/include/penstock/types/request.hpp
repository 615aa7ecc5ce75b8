#pragma once

#include "penstock/types/join.hpp"
#include "penstock/types/qual.hpp"
#include "penstock/types/schema.hpp"
#include "penstock/types/value.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace penstock {

/// A column that the scan must deliver, in the order of the request.
struct RequestedColumn {
    std::string name;
    TypeId type = TypeId::kText; ///< as the server's catalog has it
    friend bool operator==(const RequestedColumn&, const RequestedColumn&) = default;
};

/// Aggregates that the SDK computes. Numbers go over the wire: never reuse one.
enum class AggregateFunction : std::uint8_t {
    kCount = 1, ///< of rows, or of values that are not NULL
    kSum = 2,
    kMin = 3,
    kMax = 4,
    kAvg = 5,
};

/// One aggregate over the rows of a group.
struct AggregateCall {
    AggregateFunction function = AggregateFunction::kCount;
    std::string column;          ///< empty: count(*)
    TypeId type = TypeId::kInt8; ///< of the column
    std::vector<Qual> filter;    ///< FILTER (WHERE …), joined by AND; only such as can_evaluate()
    friend bool operator==(const AggregateCall&, const AggregateCall&) = default;
};

/// Everything that is known of one scan. A table is only shown what it has to do: the SDK computes
/// groups and limits itself, over the columns that they need (evaluator.hpp).
struct ScanRequest {
    std::string connection;
    std::string table;
    std::vector<RequestedColumn> columns; ///< empty: only the number of rows matters (count(*))
    std::vector<Qual> quals;
    std::uint64_t row_target = 0; ///< rows the query is likely to read; 0 = all; only a hint
    std::int64_t backend_pid = 0; ///< for logs
    std::string user_name;        ///< SQL role that runs the query
    /// Which part of the table is wanted, 0 … part_count - 1. Each row belongs to exactly one;
    /// other scans read the others. Only where the schema offers it (TableSchema::max_parts).
    std::uint32_t part = 0;
    std::uint32_t part_count = 0; ///< 0 = the whole table
    /// Rows must come in this order. A table only sees what it has promised to do: all are columns
    /// of `columns` with Column::is_sortable. Rows that are equal by it may come in any order.
    std::vector<SortKey> sort;

    // The SDK's part; a table never sees these set.
    std::uint64_t row_limit = 0; ///< rows after this one are not wanted; 0 = all are
    /// Of `sort` only the first `row_limit` rows are wanted, but these in any order, and it is no
    /// mistake to send more: the server sorts what comes.
    bool is_top = false;
    /// The result is groups: one row for each combination of values of `columns`, which is these
    /// and then `aggregates`. Without columns exactly one row, also when there are no rows.
    bool is_grouped = false;
    std::vector<AggregateCall> aggregates; ///< only when is_grouped
    bool is_cache_allowed = true;          ///< may the answer come from the cache?

    /// Only for Connection::join(), instead of `table` and `quals`. `columns` are join.columns with
    /// their labels as names then.
    Join join = {};
};

} // namespace penstock
