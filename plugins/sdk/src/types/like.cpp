#include "penstock/types/like.hpp"

#include <algorithm>
#include <cstddef>

namespace penstock {

namespace {

bool ends_within_escape(std::string_view pattern) noexcept {
    const std::size_t last = pattern.find_last_not_of('\\');
    const std::size_t first = last == std::string_view::npos ? 0 : last + 1;
    return (pattern.size() - first) % 2 == 1;
}

/// Bytes of the character that begins at the front of `text`, which is not empty.
std::size_t character_bytes(std::string_view text) noexcept {
    std::size_t bytes = 1;
    while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) {
        ++bytes;
    }
    return bytes;
}

/// Takes one character, or one byte of one, from the front of both. False when they differ.
bool take_one(std::string_view& text, std::string_view& pattern) noexcept {
    if (pattern.empty() || text.empty()) {
        return false;
    }
    if (pattern.front() == '_') {
        text.remove_prefix(character_bytes(text));
        pattern.remove_prefix(1);
        return true;
    }
    const std::size_t escape = pattern.front() == '\\' ? 1 : 0;
    if (pattern[escape] != text.front()) {
        return false;
    }
    text.remove_prefix(1);
    pattern.remove_prefix(escape + 1);
    return true;
}

} // namespace

bool is_like(std::string_view text, std::string_view pattern) noexcept {
    if (ends_within_escape(pattern)) {
        return true;
    }
    // Where to go on when what comes after the last % did not match: only the last one matters.
    bool has_percent = false;
    std::string_view text_after;
    std::string_view pattern_after;
    while (!text.empty()) {
        if (!pattern.empty() && pattern.front() == '%') {
            pattern.remove_prefix(1);
            has_percent = true;
            text_after = text;
            pattern_after = pattern;
        } else if (!take_one(text, pattern)) {
            if (!has_percent) {
                return false;
            }
            text_after.remove_prefix(character_bytes(text_after));
            text = text_after;
            pattern = pattern_after;
        }
    }
    return std::all_of(pattern.begin(), pattern.end(), [](char each) { return each == '%'; });
}

} // namespace penstock
