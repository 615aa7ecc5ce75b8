#pragma once

#include "penstock/types/request.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace penstock {

/// Where a requested column of an aggregator's row comes from.
struct ColumnSource {
    enum class Kind : std::uint8_t {
        kChild,      ///< the child's column as it is
        kConverted,  ///< the child's column, made jsonb
        kConnection, ///< the child's name
        kContext,    ///< the child's name and plugin, as jsonb
        kMissing,    ///< NULL: the child has no such column
    };
    Kind kind = Kind::kChild;
    std::size_t index = 0; ///< kChild, kConverted: which column of the child's request
};

/// One child's part of an aggregator's scan.
struct ChildPlan {
    ScanRequest request;               ///< for the child
    std::vector<ColumnSource> columns; ///< of the aggregator's request, in its order
    /// The child's blocks are the aggregator's.
    [[nodiscard]] bool is_as_is() const noexcept;
};

/// Can a row of the child satisfy the conditions on kConnectionColumn? Says no only when it cannot.
/// Pure.
[[nodiscard]] bool may_match(const std::vector<Qual>& quals, const std::string& child);

/// What to ask the child, whose table is `schema` now, for `request`; the conditions on
/// kConnectionColumn are may_match()'s and are left out. Nothing when no row of it can match,
/// because it lacks a column that a condition is on. Pure.
/// Errors: throws Exception kType for a column that cannot be made what the request wants.
[[nodiscard]] std::optional<ChildPlan>
plan_child(const ScanRequest& request, const std::string& child, const TableSchema& schema);

} // namespace penstock
