#pragma once

namespace penstock::cli {

/// What `penstock` returns; also printed by --help.
enum ExitCode : int {
    kSuccess = 0,
    kFailed = 1,      ///< a statement or the command failed
    kUsage = 2,       ///< wrong arguments
    kUnreachable = 3, ///< the service does not run or cannot be reached
    kInterrupted = 130,
};

} // namespace penstock::cli
