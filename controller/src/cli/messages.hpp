#pragma once

#include "penstock/types/error.hpp"

#include <string>

namespace penstock::cli {

/// An error as it is shown: the message, then DETAIL and HINT as psql has them.
[[nodiscard]] std::string error_text(const Error& error);
/// The same, on standard error.
void print_error(const Error& error);

/// A word of a POSIX shell that means exactly `text`.
[[nodiscard]] std::string shell_quote(const std::string& text);

} // namespace penstock::cli
