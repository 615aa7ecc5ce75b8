#pragma once

#include "penstock/types/value.hpp"

#include <cstdint>
#include <string_view>

/// Text to values, as PostgreSQL's own input functions read them. All return false for what they
/// do not accept, and skip spaces around the value. Threads: pure; no allocation.
namespace penstock::csv {

/// Optional sign and decimal digits; false when it does not fit as well.
[[nodiscard]] bool parse_int8(std::string_view text, std::int64_t& value) noexcept;

/// Decimal number with optional fraction and exponent, "NaN", "[-]Infinity", "[-]inf". False when
/// it is too large; too small becomes zero.
[[nodiscard]] bool parse_float8(std::string_view text, double& value) noexcept;

/// true/false, t/f, yes/no, y/n, on/off, 1/0, in any case.
[[nodiscard]] bool parse_bool(std::string_view text, bool& value) noexcept;

/// YYYY-MM-DD, years 0001 to 9999.
[[nodiscard]] bool parse_date(std::string_view text, Date& value) noexcept;

/// ISO 8601 / RFC 3339: a date, 'T' or a space, HH:MM[:SS[.fraction]], then nothing (UTC), 'Z', or
/// an offset ±HH, ±HH:MM, ±HHMM. A date alone is its midnight in UTC. Fractions are rounded to
/// microseconds.
[[nodiscard]] bool parse_timestamptz(std::string_view text, Timestamptz& value) noexcept;

/// 8-4-4-4-12 hexadecimal digits.
[[nodiscard]] bool parse_uuid_text(std::string_view text, Uuid& value) noexcept;

} // namespace penstock::csv
