#pragma once

#include "penstock/protocol/datum_check.hpp"
#include "penstock/protocol/datum_format.hpp"

#include <cstdint>
#include <string_view>

/// The checks of one type each. A varlena of `size` bytes (header included, its length checked
/// against the data area) begins at `value`, aligned to 4.
namespace penstock::datum {

[[nodiscard]] DatumFault check_numeric(const std::byte* value, std::uint32_t size) noexcept;
/// Only numbers: what JSON can hold.
[[nodiscard]] DatumFault check_finite_numeric(const std::byte* value, std::uint32_t size) noexcept;
[[nodiscard]] DatumFault check_inet(const std::byte* value, std::uint32_t size) noexcept;
[[nodiscard]] DatumFault check_cidr(const std::byte* value, std::uint32_t size) noexcept;
[[nodiscard]] DatumFault check_text_array(const std::byte* value, std::uint32_t size) noexcept;
[[nodiscard]] DatumFault check_int8_array(const std::byte* value, std::uint32_t size) noexcept;
[[nodiscard]] DatumFault check_jsonb(const std::byte* value, std::uint32_t size) noexcept;

[[nodiscard]] inline std::string_view as_text(const std::byte* bytes, std::size_t size) noexcept {
    return {reinterpret_cast<const char*>(bytes), size};
}

/// Is `header` that of a plain varlena (neither short, compressed nor out of line)?
[[nodiscard]] inline bool is_long_header(std::uint32_t header) noexcept {
    return (header & 3U) == 0;
}

/// Padding is zero in all that the server writes; other bytes would be leftovers of the plugin.
[[nodiscard]] inline bool is_zero(const std::byte* bytes, std::uint32_t count) noexcept {
    for (std::uint32_t i = 0; i < count; ++i) {
        if (bytes[i] != std::byte{0}) {
            return false;
        }
    }
    return true;
}

} // namespace penstock::datum
