#pragma once

#include "config/syntax.hpp"

#include <string_view>

namespace penstock::config::json {

/// A syntax error on its way out; never leaves parse_json.
struct Fault {
    Error error;
    Mark mark;
};

[[noreturn]] void fail(Mark mark, std::string message, std::string hint = {});

/// One JSON text as a tree with places. Strings stand as they are written (no template is read).
/// Throws Fault: broken JSON, a key twice in one object, nesting past kMaxNesting, a number out of
/// range, NUL in a string.
[[nodiscard]] Expression read(std::string_view text);

} // namespace penstock::config::json
