#pragma once

#include "block_cache.hpp"

#include "penstock/plugin/plugin.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace penstock {

/// What a plugin was started for.
struct CommandLine {
    enum class Mode : std::uint8_t { kHelp, kInfo, kScan, kServe };
    Mode mode = Mode::kHelp;
    std::string instance;    ///< --name: of no use to us, it tells the processes apart in ps
    std::string socket_path; ///< --socket
    std::vector<uid_t> allowed_uids;
    CacheLimits cache; ///< --cache-ttl, in seconds, and --cache-max-mb
    std::string table; ///< --scan
    std::vector<std::pair<std::string, std::string>> arguments;  ///< --argument name=value
    std::vector<std::string> columns;                            ///< empty = all
    std::vector<std::pair<std::string, std::string>> conditions; ///< --where column=value
    std::uint64_t limit = 0;                                     ///< 0 = all
};

/// Errors: kOption, with the valid options in the hint.
[[nodiscard]] Result<CommandLine> parse_command_line(int argc, const char* const* argv);

/// Arguments of a connection from `name=value` texts: repeated for lists, `name=key=value` for
/// maps. Errors: kOption.
[[nodiscard]] Result<Arguments>
read_arguments(const std::vector<ArgumentSpec>& specs,
               const std::vector<std::pair<std::string, std::string>>& texts);

} // namespace penstock
