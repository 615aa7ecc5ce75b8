#pragma once

#include "penstock/types/error.hpp"

#include <string>

namespace penstock::core {

/// Replaces what PostgreSQL could not print (invalid UTF-8, NUL, control characters but newline and
/// tab) in a text from a plugin by '?'; cuts at 8,192 bytes. Throws std::bad_alloc.
[[nodiscard]] std::string printable(std::string text);

/// An error from a plugin as it may be raised: texts printable, SQLSTATE of a legal form and not of
/// the classes of success, warning and no data. Throws std::bad_alloc.
[[nodiscard]] Error raisable(Error error);

} // namespace penstock::core
