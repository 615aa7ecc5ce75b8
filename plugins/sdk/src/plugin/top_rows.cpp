#include "top_rows.hpp"

#include "column_values.hpp"
#include "group_keys.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace penstock {

namespace {

/// Fewer rows than this are not worth to be pruned.
constexpr std::uint64_t kMinCollected = 1024;

int compare_values(const ColumnView& left, std::uint32_t left_row, const ColumnView& right,
                   std::uint32_t right_row) {
    if (left.width == 0 || left.width > sizeof(std::int64_t)) {
        return bytes_at(left, left_row).compare(bytes_at(right, right_row));
    }
    std::int64_t first = 0;
    std::int64_t second = 0;
    with_order(left, [&](const auto& read) { first = read(left_row); });
    with_order(right, [&](const auto& read) { second = read(right_row); });
    return (first > second ? 1 : 0) - (first < second ? 1 : 0);
}

} // namespace

int compare_rows(std::span<const SortPosition> keys, std::span<const ColumnView> left,
                 std::uint32_t left_row, std::span<const ColumnView> right,
                 std::uint32_t right_row) {
    for (const SortPosition& key : keys) {
        const bool is_left_null = left[key.position].is_null(left_row);
        const bool is_right_null = right[key.position].is_null(right_row);
        if (is_left_null != is_right_null) {
            return is_left_null == key.is_nulls_first ? -1 : 1;
        }
        const int order = is_left_null ? 0
                                       : compare_values(left[key.position], left_row,
                                                        right[key.position], right_row);
        if (order != 0) {
            return key.is_descending ? -order : order;
        }
    }
    return 0;
}

TopRows::TopRows(std::vector<SortPosition> keys, const std::vector<TypeId>& types,
                 std::uint64_t count)
    : keys_(std::move(keys)), count_(count),
      prune_at_(count > UINT32_MAX ? UINT64_MAX : std::max(2 * count, kMinCollected)) {
    for (const TypeId type : types) {
        kept_.emplace_back(type);
    }
    look_at_kept();
}

void TopRows::look_at_kept() {
    views_.clear();
    for (const ColumnBuilder& column : kept_) {
        views_.push_back(view_of(column));
    }
}

void TopRows::add(std::span<const ColumnView> columns, std::span<const std::uint32_t> rows) {
    for (const std::uint32_t row : rows) {
        if (has_last_ && compare_rows(keys_, columns, row, views_, last_) >= 0) {
            continue;
        }
        for (std::size_t index = 0; index < kept_.size(); ++index) {
            copy_value(columns[index], row, kept_[index]);
        }
        look_at_kept();
        if (row_count() >= prune_at_) {
            prune();
        }
    }
}

void TopRows::prune() {
    if (row_count() <= count_) {
        return;
    }
    std::vector<std::uint32_t> order(row_count());
    std::iota(order.begin(), order.end(), 0U);
    const auto last = order.begin() + static_cast<std::ptrdiff_t>(count_ - 1);
    std::nth_element(order.begin(), last, order.end(), [&](std::uint32_t one, std::uint32_t other) {
        return compare_rows(keys_, views_, one, views_, other) < 0;
    });
    const std::uint32_t last_row = *last;
    order.resize(count_);
    std::sort(order.begin(), order.end());
    last_ =
        static_cast<std::uint32_t>(std::find(order.begin(), order.end(), last_row) - order.begin());
    has_last_ = true;
    for (std::size_t index = 0; index < kept_.size(); ++index) {
        ColumnBuilder column(kept_[index].type());
        for (const std::uint32_t row : order) {
            copy_value(views_[index], row, column);
        }
        kept_[index] = std::move(column);
    }
    look_at_kept();
}

std::size_t TopRows::bytes() const noexcept {
    std::size_t bytes = 0;
    for (const ColumnBuilder& column : kept_) {
        bytes += column.bytes();
    }
    return bytes;
}

} // namespace penstock
