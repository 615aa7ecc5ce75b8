#pragma once

#include "config/syntax.hpp"
#include "penstock/types/result.hpp"

#include <functional>
#include <optional>
#include <string>

namespace penstock::config {

/// Where env() and file() look. Passed in, so that a test needs no process environment.
struct Outside {
    std::function<std::optional<std::string>(const std::string& name)> env;
    /// The whole file without a last newline. The error names the path, never the content.
    std::function<Result<std::string>(const std::string& path)> file;
};

/// The process's environment, and files of at most 1 MiB; a relative path starts at `folder`.
[[nodiscard]] Outside real_outside(std::string folder);

/// Calls resolved, references refused: what a plugin gets.
/// Errors: kOption, which names the variable, path or reference that is not there.
[[nodiscard]] Result<ConfigValue> evaluate(const Expression& expression, const Outside& outside);

/// Whether there is a call or reference anywhere below.
[[nodiscard]] bool is_literal(const Expression& expression);

} // namespace penstock::config
