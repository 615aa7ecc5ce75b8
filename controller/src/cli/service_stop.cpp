#include "cli/daemon.hpp"
#include "cli/database.hpp"
#include "cli/exit_code.hpp"
#include "cli/service.hpp"

#include <cstdio>

namespace penstock::cli {

int stop_service(const ServiceOptions& options) {
    std::error_code ignored;
    if (!std::filesystem::exists(look_at_home().internal(), ignored)) {
        std::printf("Penstock is not running.\n");
        return kSuccess;
    }
    const cluster::Home home = enter_home();
    const ServiceLock lock(home);
    const bool had_daemon = Daemon(home).stop();
    // Also with a database of the user's: an earlier start may have left the private server.
    const bool had_server = private_cluster(home, options).stop();
    std::printf(had_daemon || had_server ? "Penstock is stopped.\n" : "Penstock is not running.\n");
    return kSuccess;
}

} // namespace penstock::cli
