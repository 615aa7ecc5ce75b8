#pragma once

#include "cluster/home.hpp"

#include <string>

/// What a client needs in its environment to reach a home's database, and psql to show more of it.
namespace penstock::cli {

/// The lines of `service env`, for a POSIX shell.
/// Errors: Exception kOption when the stored URL is not libpq's.
[[nodiscard]] std::string environment_text(const cluster::Home& home);

/// Sets the same in this process. Errors: as above.
void set_environment(const cluster::Home& home);

} // namespace penstock::cli
