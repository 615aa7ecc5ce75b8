#pragma once

#include <string>
#include <vector>

namespace penstock::cli {

/// `penstock shell [psql's arguments]`: becomes psql on the home's database. Does not return.
/// Errors: Exception kUnavailable when the database cannot be reached; kNotFound without psql.
[[noreturn]] void run_shell(const std::vector<std::string>& arguments);

/// `penstock prompt`: what psql's prompt shows, asked of the database that psql's environment
/// names:
/// "(2 updating)", or nothing, also when nothing can be asked: a prompt has no room for errors.
[[nodiscard]] int print_prompt();

} // namespace penstock::cli
