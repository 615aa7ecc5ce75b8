#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace penstock {

namespace utf8 {

/// The strict decoder behind find_invalid_utf8, from `start`, which begins a character.
[[nodiscard]] std::size_t find_invalid_from(std::string_view text, std::size_t start) noexcept;

/// Are the low `sizeof(word)` bytes all 1 … 0x7F? With no high bit set, the subtraction sets one
/// exactly when a byte is zero.
[[nodiscard]] inline bool is_ascii_word(std::uint64_t word) noexcept {
    return (((word - 0x0101010101010101U) | word) & 0x8080808080808080U) == 0;
}

[[nodiscard]] inline std::uint64_t load_word(const char* bytes) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

/// All of 1 … 7 bytes, some of them twice.
[[nodiscard]] inline std::uint64_t load_short(std::string_view text) noexcept {
    const char* const bytes = text.data();
    const std::size_t size = text.size();
    if (size >= 4) {
        std::uint32_t front = 0;
        std::uint32_t back = 0;
        std::memcpy(&front, bytes, sizeof(front));
        std::memcpy(&back, bytes + size - sizeof(back), sizeof(back));
        return front | std::uint64_t{back} << 32U;
    }
    const auto byte = [bytes](std::size_t at) {
        return std::uint64_t{static_cast<std::uint8_t>(bytes[at])};
    };
    return byte(0) * 0x0101010101000001U | byte(size / 2) << 8U | byte(size - 1) << 16U;
}

} // namespace utf8

/// The offset of the first byte that cannot stand in a PostgreSQL text: a NUL byte, or one that
/// breaks UTF-8 (overlong forms, surrogates and code points past U+10FFFF included).
/// Returns `text.size()` when all is well. Eight ASCII bytes a step. Threads: pure.
///
/// The ASCII path is inline: a backend calls this once for each text value of a scan.
[[nodiscard]] inline std::size_t find_invalid_utf8(std::string_view text) noexcept {
    const std::size_t size = text.size();
    std::size_t at = 0;
    for (; size - at >= 8; at += 8) {
        if (!utf8::is_ascii_word(utf8::load_word(text.data() + at))) {
            return utf8::find_invalid_from(text, at);
        }
    }
    if (at == size) {
        return size;
    }
    // The rest in one step: the last eight bytes, of which some were seen before.
    const std::uint64_t rest =
        at != 0 ? utf8::load_word(text.data() + size - 8) : utf8::load_short(text);
    return utf8::is_ascii_word(rest) ? size : utf8::find_invalid_from(text, at);
}

[[nodiscard]] inline bool is_valid_text(std::string_view text) noexcept {
    return find_invalid_utf8(text) == text.size();
}

} // namespace penstock
