#pragma once

#include "query/output.hpp"
#include "query/search_path.hpp"
#include "query/session.hpp"
#include "query/splitter.hpp"
#include "query/waiter.hpp"

#include <string>
#include <vector>

namespace penstock::query {

/// A text of SQL and where it came from.
struct Script {
    std::string text;
    std::string name; ///< shown before errors as "name:line: "; empty for the command line
};

struct RunOptions {
    OutputOptions output;
    bool stops_on_error = false;
    bool has_timing = false; ///< figures of each statement and its scans on standard error
    WaitOptions wait;
    SearchPath path;
};

/// Runs every statement of the scripts in turn and prints their results; errors go to standard
/// error in psql's form, and, when there is more than one statement, a summary. A statement that
/// misses what is still loading waits for it (wait_rules.hpp). Returns true when every statement
/// succeeded.
/// Errors: Interrupted; OutputClosed, of EPIPE only when nothing failed and none was left to run;
/// Exception kUnavailable when the connection is lost, kOption
/// and kData for a script that cannot be split, those of apply_search_path.
[[nodiscard]] bool run_scripts(Session& session, const std::vector<Script>& scripts,
                               const RunOptions& options, std::FILE* out);

} // namespace penstock::query
