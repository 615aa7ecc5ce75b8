#pragma once

#include "penstock/protocol/block.hpp"
#include "penstock/protocol/datum_format.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

/// Reading the columns of a block in this process: no checks, because the values come from our own
/// ColumnBuilders. Inline: called for each value.
namespace penstock {

/// A float as an integer of the same order: NaN is the largest and equals itself, -0 equals 0.
[[nodiscard]] inline std::int64_t order_of(double value) noexcept {
    if (value != value) {
        return std::numeric_limits<std::int64_t>::max();
    }
    const auto bits = std::bit_cast<std::int64_t>(value == 0 ? 0.0 : value);
    return bits ^ ((bits >> 63) & std::numeric_limits<std::int64_t>::max());
}

template <typename T>
[[nodiscard]] inline T fixed_at(const ColumnView& column, std::uint32_t row) noexcept {
    return datum::load<T>(column.values + std::size_t{row} * sizeof(T));
}

/// The whole varlena in `row`, header included.
[[nodiscard]] inline std::string_view varlena_at(const ColumnView& column,
                                                 std::uint32_t row) noexcept {
    const std::byte* const at = column.data + fixed_at<std::uint32_t>(column, row);
    const auto first = static_cast<std::uint8_t>(*at);
    const std::uint32_t bytes =
        (first & 1U) != 0 ? first >> 1U : datum::load<std::uint32_t>(at) >> 2U;
    return {reinterpret_cast<const char*>(at), bytes};
}

/// The bytes that decide equality and order of a text, bytea or uuid.
[[nodiscard]] inline std::string_view bytes_at(const ColumnView& column,
                                               std::uint32_t row) noexcept {
    if (column.width != 0) {
        const std::byte* const at = column.values + std::size_t{row} * column.width;
        return {reinterpret_cast<const char*>(at), column.width};
    }
    const std::string_view whole = varlena_at(column, row);
    const bool is_short = (static_cast<unsigned char>(whole.front()) & 1U) != 0;
    return whole.substr(is_short ? 1 : datum::kVarlenaHeaderBytes);
}

/// Calls `visit` with a function that reads the value of a row as an integer of the type's order.
/// For the types of fixed width up to 8 bytes.
template <typename Visit>
void with_order(const ColumnView& column, Visit&& visit) {
    switch (column.type) {
    case TypeId::kFloat8:
        visit([&](std::uint32_t row) { return order_of(fixed_at<double>(column, row)); });
        return;
    case TypeId::kFloat4:
        visit([&](std::uint32_t row) { return order_of(double{fixed_at<float>(column, row)}); });
        return;
    default:
        break;
    }
    switch (column.width) {
    case 1:
        visit([&](std::uint32_t row) { return std::int64_t{fixed_at<std::uint8_t>(column, row)}; });
        return;
    case 2:
        visit([&](std::uint32_t row) { return std::int64_t{fixed_at<std::int16_t>(column, row)}; });
        return;
    case 4:
        visit([&](std::uint32_t row) { return std::int64_t{fixed_at<std::int32_t>(column, row)}; });
        return;
    default:
        visit([&](std::uint32_t row) { return fixed_at<std::int64_t>(column, row); });
        return;
    }
}

/// Is the order of the type's values that of integers (else: of bytes)?
[[nodiscard]] inline bool has_integer_order(TypeId type) noexcept {
    const std::uint8_t width = find_type(type)->width;
    return width != 0 && width <= 8;
}

} // namespace penstock
