#pragma once

#include "json_fault.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace penstock {

/// NUL bytes that have to stand behind a text that is read here. They end every loop, and bytes of
/// them may be read along.
inline constexpr std::size_t kJsonPadding = 32;

namespace json {

/// Vectors of the compiler, not of a processor: SSE2 on x86-64, NEON on ARM, without a choice at
/// run time.
using Bytes16 [[gnu::vector_size(16)]] = std::uint8_t;
using Words2 [[gnu::vector_size(16)]] = std::uint64_t;

} // namespace json

/// The first byte from `at` on that cannot just stand in a string: a quote, a backslash or a
/// control character (NUL too). Sixteen bytes a step.
[[nodiscard]] inline char* find_string_stop(char* at) noexcept {
    for (;; at += sizeof(json::Bytes16)) {
        json::Bytes16 bytes;
        std::memcpy(&bytes, at, sizeof(bytes));
        const json::Bytes16 stops = (bytes == '"') | (bytes == '\\') | (bytes < 0x20);
        const auto words = std::bit_cast<json::Words2>(stops);
        if (words[0] != 0) {
            return at + std::countr_zero(words[0]) / 8;
        }
        if (words[1] != 0) {
            return at + 8 + std::countr_zero(words[1]) / 8;
        }
    }
}

/// Is a byte above 127 among `size`? Those behind are looked at too, and must be padding.
[[nodiscard]] inline bool has_high_bit(const char* text, std::size_t size) noexcept {
    json::Bytes16 all{};
    for (std::size_t at = 0; at < size; at += sizeof(all)) {
        json::Bytes16 bytes;
        std::memcpy(&bytes, text + at, sizeof(bytes));
        all |= bytes;
    }
    const auto words = std::bit_cast<json::Words2>(all);
    return ((words[0] | words[1]) & 0x8080808080808080U) != 0;
}

struct UnescapedString {
    char* end = nullptr;  ///< of the content, which is shorter than its escaped form
    char* next = nullptr; ///< behind the closing quote; at a fault, where it is
    JsonFault fault = JsonFault::kNone;
};

/// Unescapes a string in its place. `at` is its first backslash.
/// Faults: kControl (also at the end of the text), kEscape, kHex, kSurrogate, kNul.
[[nodiscard]] UnescapedString unescape_string(char* at) noexcept;

} // namespace penstock
