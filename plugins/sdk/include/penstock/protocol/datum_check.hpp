#pragma once

#include "penstock/protocol/block.hpp"

#include <cstdint>

namespace penstock {

/// Why a value must not reach the server's functions. `kOk` is zero, so a check is one branch.
enum class DatumFault : std::uint8_t {
    kOk = 0,
    kOutOfBounds, ///< offset or length leaves the data area
    kBadHeader,   ///< varlena header of a kind that is not allowed, or misaligned
    kBadText,     ///< NUL byte or invalid UTF-8
    kBadRange,    ///< date, timestamp or bool outside PostgreSQL's range
    kBadNumeric,
    kBadInet,
    kBadJsonb,
    kBadArray,
};

/// Sentence part for an error message: "has invalid UTF-8 or a NUL byte", …
[[nodiscard]] const char* describe(DatumFault fault) noexcept;

/// Checks one value of a variable-width column: that it lies in the data area and that PostgreSQL's
/// own code can read it without leaving it. Sets `*value` to its varlena.
///
/// The server trusts what it stores: text is read past its end when it is not valid, an array with
/// false dimensions is a memory disclosure. So nothing from a plugin is used unchecked.
/// Returns: kOk and the pointer, or the fault. Threads: pure, no allocation; safe inside a backend.
[[nodiscard]] DatumFault check_varlena(const ColumnView& column, std::uint32_t row,
                                       const std::byte** value) noexcept;

/// Checks a fixed-width value whose type has values outside its range (bool, date, timestamptz).
[[nodiscard]] DatumFault check_fixed(TypeId type, const std::byte* value) noexcept;

} // namespace penstock
