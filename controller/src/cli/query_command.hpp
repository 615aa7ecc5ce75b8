#pragma once

#include "query/executor.hpp"

#include <chrono>
#include <string>
#include <vector>

/// The commands that ask the database.
namespace penstock::cli {

/// `penstock query`: each argument is SQL, a file whose name ends in .sql, or "-" for standard
/// input, which is also read without arguments when it is no terminal.
/// Errors: Exception kOption: nothing to run; kNotFound: a file that cannot be read; and
/// run_scripts'.
[[nodiscard]] int run_query(const std::vector<std::string>& arguments,
                            const query::RunOptions& options);

/// `penstock connection list`.
[[nodiscard]] int list_connections(const query::OutputOptions& output);
/// `penstock connection refresh [NAME]`: asks for it and waits until it is done.
[[nodiscard]] int refresh_connections(const std::string& name);
/// `penstock connection wait [NAME…]`: until none of them is pending or updating, by notification.
/// Then, or after `limit`: success when all are ready; disabled ones do not count.
/// Errors: Exception kOption for an unknown name, kUnavailable when nobody works on them.
[[nodiscard]] int wait_for_connections(const std::vector<std::string>& names,
                                       std::chrono::milliseconds limit);
/// `penstock plugin list`: the executables in the folder, and how they run.
[[nodiscard]] int list_plugins(const std::string& plugin_folder,
                               const query::OutputOptions& output);

/// The scripts that the arguments of `penstock query` name.
[[nodiscard]] std::vector<query::Script> read_scripts(const std::vector<std::string>& arguments,
                                                      bool is_input_terminal);

} // namespace penstock::cli
