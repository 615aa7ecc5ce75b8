#pragma once

#include "top_rows.hpp"

#include "penstock/types/request.hpp"
#include "penstock/types/schema.hpp"

#include <cstddef>
#include <vector>

namespace penstock {

/// A request divided into what the table is asked and what the SDK computes over the table's rows.
struct ScanPlan {
    /// For the table: the wanted columns (or keys of groups) first, in their order, then those that
    /// only the SDK needs.
    ScanRequest request;
    std::size_t wanted_columns = 0;
    std::vector<Qual> evaluated; ///< the server relies on them, and the table does not answer them
    bool is_grouped = false;
    std::vector<AggregateCall> aggregates;
    std::uint64_t row_limit = 0; ///< without `top`
    /// Only the first `top_count` rows of this order are wanted. Positions: in the result.
    std::vector<SortPosition> top;
    std::uint64_t top_count = 0;
    bool is_never = false; ///< no row satisfies the conditions: the table need not be asked

    /// The table's rows are the result.
    [[nodiscard]] bool is_plain() const noexcept {
        return !is_grouped && evaluated.empty() && row_limit == 0 && top.empty() &&
               request.columns.size() == wanted_columns;
    }
    /// Where the column of this name is in the table's blocks; it is there.
    [[nodiscard]] std::size_t position_of(const std::string& column) const;
};

/// Are there conditions on the keys that the table needs? The server plans no such scan; a plugin
/// started by hand or under test gets the same answer. Errors: throws Exception kKeyMissing.
void check_keys(const TableSchema& schema, const std::vector<Qual>& quals);

/// Divides `request`, whose catalog may be older than the table: conditions that the server does
/// not rely on and the column does not offer are dropped; one that it relies on goes to the table,
/// or to the SDK, or is an error instead of a wrong result. So is an order that the table neither
/// always has nor makes. Then checks the required keys. Errors: throws Exception kType, kNoColumn,
/// kKeyMissing.
[[nodiscard]] ScanPlan plan_scan(ScanRequest request, const TableSchema& schema);

} // namespace penstock
