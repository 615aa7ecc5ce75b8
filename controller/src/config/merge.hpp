#pragma once

#include "config/declarations.hpp"

#include <map>
#include <span>
#include <string>

namespace penstock::config {

/// One file's part in a merge.
struct Contribution {
    const std::string* path;
    const Declarations* declarations;
    /// The file is gone or empty for the moment: what it declares counts only when no other does.
    bool is_fading = false;
};

struct MergeContext {
    const Outside& outside;
    std::string_view hash_key;
    /// In force until now: what a label or option means that is suddenly defined twice.
    const std::map<std::string, PluginInstance>& declared_before;
    const DatabaseOptions& database_before;
};

struct Merged {
    Configuration configuration;                    ///< without files
    std::map<std::string, PluginInstance> declared; ///< every `plugin` block, used or not
    std::map<std::string, ConfigError> file_errors; ///< by path: what of it is left out
};

/// Joins all files: names defined twice, instances resolved, hashes computed. Pure but for
/// `outside`.
[[nodiscard]] Merged merge(std::span<const Contribution> files, const MergeContext& context);

} // namespace penstock::config
