#pragma once

#include "penstock/types/result.hpp"
#include "penstock/types/value.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Appends varlena values in PostgreSQL's memory format to `out` and returns the offset at which
/// the value begins. `out` is the data area of a block: values with a 4-byte header are aligned to
/// 4 bytes from its start. Source: PostgreSQL's postgres.h (varlena headers), utils/numeric.c,
/// utils/inet.h, utils/array.h; those formats have not changed since 9.4.
using DataArea = std::vector<std::byte>;

/// text or bytea: short header up to 126 bytes. Does not check the text (check_varlena does).
std::uint32_t append_text(DataArea& out, std::string_view text);

/// numeric from decimal text: optional sign, digits, '.', exponent, "NaN", "[-]Infinity".
/// Errors: kData (22P02 for what is not a number, 22003 when it overflows the format).
[[nodiscard]] Result<std::uint32_t> append_numeric(DataArea& out, std::string_view text);
std::uint32_t append_numeric(DataArea& out, std::int64_t value);

std::uint32_t append_inet(DataArea& out, const Inet& value);

std::uint32_t append_text_array(DataArea& out, std::span<const std::string> values);
std::uint32_t append_int8_array(DataArea& out, std::span<const std::int64_t> values);

/// Text forms, for conditions and configuration. Errors: kData with 22P02 or 22008.
[[nodiscard]] Result<Inet> parse_inet(std::string_view text);
[[nodiscard]] Result<Uuid> parse_uuid(std::string_view text);

} // namespace penstock
