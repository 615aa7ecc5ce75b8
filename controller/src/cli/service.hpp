#pragma once

#include "cluster/cluster.hpp"
#include "cluster/home.hpp"

#include <string>

/// `penstock service …`: what each command does, without its command line.
namespace penstock::cli {

struct ServiceOptions {
    std::string database; ///< URL of a server of the user's; empty: as before; "private"
    std::filesystem::path plugin_folder;   ///< empty: the default
    std::filesystem::path server_programs; ///< empty: the default
    std::filesystem::path library_folder;  ///< of penstock.so in a build tree; empty: installed
    bool has_sample = false;               ///< write the sample connections
};

/// The home that the commands work on. Root becomes the service's user first and says so.
/// Errors: Exception, see cluster::become.
[[nodiscard]] cluster::Home enter_home();
/// The same for commands that only look: nobody becomes anybody, nothing is created.
[[nodiscard]] cluster::Home look_at_home();

/// The private server of a home.
[[nodiscard]] cluster::Cluster private_cluster(const cluster::Home& home,
                                               const ServiceOptions& options);

/// Each returns the exit code. Errors: Exception; query::Interrupted.
[[nodiscard]] int start_service(const ServiceOptions& options);
[[nodiscard]] int stop_service(const ServiceOptions& options);
[[nodiscard]] int restart_service(const ServiceOptions& options);
[[nodiscard]] int show_status(const ServiceOptions& options, bool is_json);
[[nodiscard]] int show_environment();

} // namespace penstock::cli
