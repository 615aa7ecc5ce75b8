#pragma once

#include "cluster/file_descriptor.hpp"

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace penstock::cluster {

/// How a program ended.
struct Outcome {
    int exit_code = 0;  ///< 128 + signal when a signal ended it; -1 when the time was over
    std::string output; ///< standard output and standard error together, at most 64 KiB
};

/// Runs a program to its end. Standard input is /dev/null, no descriptor of ours is inherited, and
/// output goes to a memory file rather than a pipe: a server that a program leaves behind would
/// keep a pipe open for ever. When the time is over the program is killed.
/// Errors: Exception kNotFound when it cannot be started.
[[nodiscard]] Outcome run_program(const std::vector<std::string>& arguments,
                                  std::chrono::milliseconds limit);

/// Starts a program that outlives us: own session, /dev/null as input, output appended to
/// `log_file` (created 0600), no descriptor of ours inherited. Returns its pid.
/// Errors: as above.
[[nodiscard]] pid_t spawn_detached(const std::vector<std::string>& arguments,
                                   const std::filesystem::path& log_file);

/// A running process, pinned: its number cannot come to mean another one. Empty when it is gone.
[[nodiscard]] FileDescriptor open_process(pid_t pid);
/// Returns false when it still runs after that time.
[[nodiscard]] bool wait_for_end(const FileDescriptor& process, int limit_ms);

/// The last `lines` lines of a file from byte `from` on; empty when it cannot be read.
[[nodiscard]] std::string tail_of(const std::filesystem::path& file, std::uintmax_t from,
                                  std::size_t lines);

} // namespace penstock::cluster
