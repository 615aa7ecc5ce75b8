#pragma once

#include <string_view>

namespace penstock {

/// Does `text LIKE pattern` hold? `%` any characters, `_` one, `\` takes the next one literally,
/// all by UTF-8 characters, as the server does it under a deterministic collation.
///
/// Shape:   both are valid UTF-8.
/// Returns: true for a pattern that ends within an escape, which the server refuses: whoever uses
///          this to leave rows out must let it see some.
/// Threads: pure; no allocation; time is at most text × pattern.
[[nodiscard]] bool is_like(std::string_view text, std::string_view pattern) noexcept;

} // namespace penstock
