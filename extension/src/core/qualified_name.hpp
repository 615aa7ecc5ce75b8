#pragma once

#include <cstddef>
#include <string_view>

namespace penstock::core {

/// The parts of a dotted name as SQL means them: unquoted ones in lower case, quoted ones without
/// their quotes, each cut to 63 bytes as the server does. `count` 0 = there is no such name.
struct QualifiedName {
    static constexpr std::size_t kMaxParts = 3;
    static constexpr std::size_t kPartBytes = 64;
    char parts[kMaxParts][kPartBytes]; ///< NUL-terminated
    std::size_t count;
};

/// Reads the name at the front of `text`, which may be a whole statement from there on: `s.t`,
/// `"S" . t /* … */`, or a string literal that holds such a name (`'s.t'::regclass`).
///
/// Returns: count 0 when a part is written in another way (U&"…", E'…', an empty part), or there
/// are more than three. UTF-8. Threads: pure, allocates nothing.
[[nodiscard]] QualifiedName read_qualified_name(std::string_view text) noexcept;

} // namespace penstock::core
