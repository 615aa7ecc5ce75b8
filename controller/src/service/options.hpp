#pragma once

#include "cluster/home.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace penstock::service {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// What penstockd was told on its command line.
struct Options {
    cluster::Home home;
    std::string database; ///< libpq's connection string; may name a password file: never logged
    bool is_private_database = true;
    std::filesystem::path plugin_folder;
    LogLevel log_level = LogLevel::kInfo;
    bool is_foreground = false; ///< log to stderr instead of logs/penstockd.log
};

/// Reads the command line. Returns: the options, or the exit code when there is nothing to run
/// (help, version, an error; it has been printed).
struct ParsedOptions {
    std::optional<Options> options;
    int exit_code = 0;
};
[[nodiscard]] ParsedOptions parse_options(int argc, char** argv);

} // namespace penstock::service
