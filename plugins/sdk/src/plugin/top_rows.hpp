#pragma once

#include "penstock/protocol/block_builder.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace penstock {

/// A column that rows are ordered by: where it is in the rows, and how.
struct SortPosition {
    std::size_t position = 0;
    bool is_descending = false;
    bool is_nulls_first = false;
};

/// Negative, 0, positive: the row of the left columns comes before that of the right ones, is equal
/// to it, comes after it. As the server orders them, for types of can_sort().
[[nodiscard]] int compare_rows(std::span<const SortPosition> keys, std::span<const ColumnView> left,
                               std::uint32_t left_row, std::span<const ColumnView> right,
                               std::uint32_t right_row);

/// The first rows of an order, of all that pass by: ORDER BY … LIMIT.
///
/// Rows are collected until there are twice as many as are wanted; then the later half goes, and
/// its first row is from there on what new rows have to come before. So each row costs a comparison
/// and only few are copied.
class TopRows {
  public:
    /// `types` of the columns that are kept: the first ones of those that add() gets.
    TopRows(std::vector<SortPosition> keys, const std::vector<TypeId>& types, std::uint64_t count);

    void add(std::span<const ColumnView> columns, std::span<const std::uint32_t> rows);

    /// Drops what is not among the first, as far as that is known.
    void prune();

    /// What the rows take that are kept.
    [[nodiscard]] std::size_t bytes() const noexcept;
    /// The rows that are kept, in the order in which they came.
    [[nodiscard]] std::span<const ColumnBuilder> rows() const noexcept { return kept_; }
    [[nodiscard]] std::uint32_t row_count() const noexcept { return kept_.front().row_count(); }

  private:
    void look_at_kept();

    std::vector<SortPosition> keys_;
    std::uint64_t count_;
    std::uint64_t prune_at_; ///< rows
    std::vector<ColumnBuilder> kept_;
    std::vector<ColumnView> views_; ///< of kept_, which moves when it grows
    bool has_last_ = false;
    std::uint32_t last_ = 0; ///< which of them comes last, once there are enough
};

} // namespace penstock
