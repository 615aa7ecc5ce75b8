#pragma once

#include "penstock/types/error.hpp"

#include <cstddef>
#include <cstdint>

namespace penstock {

/// What can be wrong with a JSON document.
enum class JsonFault : std::uint8_t {
    kNone,
    kEnd,
    kValue,
    kWord,
    kNumber,
    kOverflow, ///< a number that numeric cannot hold
    kKey,
    kColon,
    kArrayNext,
    kObjectNext,
    kTrailing,
    kControl,
    kEscape,
    kHex,
    kSurrogate,
    kNul, ///< \u0000
    kEncoding,
    kDepth,
    kSize,
};

/// The error for `fault` at `offset`, which counts bytes from 0, in the words and with the SQLSTATE
/// of the server's jsonb_in where it has the same fault.
[[nodiscard]] Error describe_fault(JsonFault fault, std::size_t offset);

} // namespace penstock
