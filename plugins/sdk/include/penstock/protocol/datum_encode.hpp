#pragma once

#include "penstock/protocol/data_area.hpp"
#include "penstock/protocol/datum_format.hpp"
#include "penstock/types/result.hpp"
#include "penstock/types/value.hpp"

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Appends varlena values in PostgreSQL's memory format to `out` and returns the offset at which
/// the value begins. `out` is the data area of a block: values with a 4-byte header are aligned to
/// 4 bytes from its start, int8[] to 8. Byte for byte what the server itself builds
/// (tests/support/golden_datums.sh shows it).
/// Throws: std::length_error for a value over 1 GiB or an area over 4 GiB.
/// Source: PostgreSQL's postgres.h (varlena headers), utils/numeric.c, utils/inet.h, utils/array.h;
/// those formats have not changed since 9.4.
namespace penstock {

/// A text or bytea of more than 126 bytes: with a 4-byte header.
std::uint32_t append_long_text(DataArea& out, std::string_view text);

/// text or bytea: short header up to 126 bytes. Does not check the text (check_varlena does).
inline std::uint32_t append_text(DataArea& out, std::string_view text) {
    if (text.size() > datum::kMaxShortContent) [[unlikely]] {
        return append_long_text(out, text);
    }
    const auto offset = static_cast<std::uint32_t>(out.size());
    std::byte* const to = out.extend(text.size() + 1);
    to[0] = static_cast<std::byte>(((text.size() + 1) << 1U) | 1U);
    if (!text.empty()) {
        std::memcpy(to + 1, text.data(), text.size());
    }
    return offset;
}

/// A decimal number, cut up but not converted: its digits stay in the caller's text.
struct DecimalText {
    bool is_negative = false;
    std::string_view whole;    ///< digits before the point
    std::string_view fraction; ///< digits after it; one of the two is not empty
    std::int64_t exponent = 0;
};

/// numeric from decimal text: optional sign, digits, '.', exponent, "NaN", "[-]Infinity"; space
/// around it is allowed, as numeric_in does.
/// Errors: kData (22P02 for what is not a number, 22003 when it overflows the format).
[[nodiscard]] Result<std::uint32_t> append_numeric(DataArea& out, std::string_view text);
[[nodiscard]] Result<std::uint32_t> append_numeric(DataArea& out, const DecimalText& decimal);
std::uint32_t append_numeric(DataArea& out, std::int64_t value);

/// inet or cidr; the bytes are those of `value`, whose `bits` must fit its family.
std::uint32_t append_inet(DataArea& out, const Inet& value);

/// One dimension, lower bound 1, no NULLs; no elements = no dimension.
std::uint32_t append_text_array(DataArea& out, std::span<const std::string> values);
std::uint32_t append_int8_array(DataArea& out, std::span<const std::int64_t> values);

/// Text forms, for conditions and configuration. Errors: kData with 22P02.
/// An address without "/bits" gets the full length; host bits are kept (inet, not cidr).
[[nodiscard]] Result<Inet> parse_inet(std::string_view text);
/// 32 hexadecimal digits, with or without hyphens after groups of four, in braces or not.
[[nodiscard]] Result<Uuid> parse_uuid(std::string_view text);

} // namespace penstock
