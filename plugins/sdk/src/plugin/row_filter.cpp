#include "row_filter.hpp"

#include "column_values.hpp"

#include "penstock/types/error.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// The value as an integer of its type's order.
struct OrderOf {
    std::int64_t operator()(bool value) const { return static_cast<std::int64_t>(value); }
    std::int64_t operator()(std::int64_t value) const { return value; }
    std::int64_t operator()(double value) const { return order_of(value); }
    std::int64_t operator()(const Date& value) const { return value.days; }
    std::int64_t operator()(const Timestamptz& value) const { return value.micros; }
    template <typename Other>
    std::int64_t operator()(const Other& /*value*/) const {
        throw Exception(ErrorKind::kInternal, "value of a condition is not of its type");
    }
};

struct BytesOf {
    std::string operator()(const std::string& value) const { return value; }
    std::string operator()(const Bytes& value) const { return value.data; }
    std::string operator()(const Uuid& value) const {
        return {reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()};
    }
    template <typename Other>
    std::string operator()(const Other& /*value*/) const {
        throw Exception(ErrorKind::kInternal, "value of a condition is not of its type");
    }
};

void clear_nulls(const ColumnView& column, bool is_null_wanted, std::span<std::uint8_t> mask) {
    if (column.nulls == nullptr && !is_null_wanted) {
        return;
    }
    for (std::uint32_t row = 0; row < mask.size(); ++row) {
        mask[row] &= static_cast<std::uint8_t>(column.is_null(row) == is_null_wanted);
    }
}

template <typename Value, typename Read, typename Compare>
void compare_each(const Value& wanted, const Read& read, std::span<std::uint8_t> mask,
                  const Compare& compare) {
    for (std::uint32_t row = 0; row < mask.size(); ++row) {
        mask[row] &= static_cast<std::uint8_t>(compare(read(row), wanted));
    }
}

/// `wanted` is ascending; one value, or any number for IN.
template <typename Value, typename Read>
void compare_column(QualOp op, const std::vector<Value>& wanted, const Read& read,
                    std::span<std::uint8_t> mask) {
    switch (op) {
    case QualOp::kNe:
        return compare_each(wanted.front(), read, mask, std::not_equal_to<>());
    case QualOp::kLt:
        return compare_each(wanted.front(), read, mask, std::less<>());
    case QualOp::kLe:
        return compare_each(wanted.front(), read, mask, std::less_equal<>());
    case QualOp::kGt:
        return compare_each(wanted.front(), read, mask, std::greater<>());
    case QualOp::kGe:
        return compare_each(wanted.front(), read, mask, std::greater_equal<>());
    default:
        break;
    }
    if (wanted.size() == 1) {
        return compare_each(wanted.front(), read, mask, std::equal_to<>());
    }
    compare_each(wanted, read, mask, [](const auto& value, const std::vector<Value>& values) {
        return std::binary_search(values.begin(), values.end(), value, std::less<>());
    });
}

} // namespace

void RowFilter::add(const Qual& qual, std::size_t position) {
    Condition condition{position, qual.op, {}, {}};
    for (const Value& value : qual.values) {
        if (has_integer_order(qual.type)) {
            condition.orders.push_back(std::visit(OrderOf(), value));
        } else {
            condition.texts.push_back(std::visit(BytesOf(), value));
        }
    }
    std::sort(condition.orders.begin(), condition.orders.end());
    std::sort(condition.texts.begin(), condition.texts.end());
    conditions_.push_back(std::move(condition));
}

void RowFilter::apply(std::span<const ColumnView> columns, std::span<std::uint8_t> mask) const {
    for (const Condition& condition : conditions_) {
        apply(condition, columns[condition.position], mask);
    }
}

void RowFilter::apply(const Condition& condition, const ColumnView& column,
                      std::span<std::uint8_t> mask) {
    if (condition.op == QualOp::kIsNull || condition.op == QualOp::kIsNotNull) {
        clear_nulls(column, condition.op == QualOp::kIsNull, mask);
        return;
    }
    clear_nulls(column, false, mask);
    if (condition.orders.empty() && condition.texts.empty()) { // IN () of nothing
        std::fill(mask.begin(), mask.end(), std::uint8_t{0});
    } else if (!condition.orders.empty()) {
        with_order(column, [&](const auto& read) {
            compare_column(condition.op, condition.orders, read, mask);
        });
    } else {
        // The bytes of a NULL are not there to be read.
        const auto read = [&](std::uint32_t row) {
            return mask[row] != 0 ? bytes_at(column, row) : std::string_view();
        };
        compare_column(condition.op, condition.texts, read, mask);
    }
}

} // namespace penstock
