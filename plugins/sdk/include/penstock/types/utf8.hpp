#pragma once

#include <cstddef>
#include <string_view>

namespace penstock {

/// The offset of the first byte that cannot stand in a PostgreSQL text: a NUL byte, or one that
/// breaks UTF-8 (overlong forms, surrogates and code points past U+10FFFF included).
/// Returns `text.size()` when all is well. Eight ASCII bytes a step. Threads: pure.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text) noexcept;

[[nodiscard]] inline bool is_valid_text(std::string_view text) noexcept {
    return find_invalid_utf8(text) == text.size();
}

} // namespace penstock
