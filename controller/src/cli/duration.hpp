#pragma once

#include <chrono>
#include <string>

namespace penstock::cli {

/// "30s", "500ms", "2m", "1h"; a bare number counts seconds. At most a day.
/// Errors: Exception kOption that lists the units.
[[nodiscard]] std::chrono::milliseconds duration_from_text(const std::string& text);

} // namespace penstock::cli
