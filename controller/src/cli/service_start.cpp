#include "cli/config_samples.hpp"
#include "cli/daemon.hpp"
#include "cli/database.hpp"
#include "cli/exit_code.hpp"
#include "cli/messages.hpp"
#include "cli/readiness.hpp"
#include "cli/service.hpp"
#include "cluster/bootstrap.hpp"
#include "cluster/service_user.hpp"
#include "query/interrupt.hpp"

#include <cstdio>
#include <cstdlib>

namespace penstock::cli {
namespace {

constexpr int kReadyLimitSeconds = 30;
/// Value of --database that goes back to the private server.
constexpr const char* kPrivateDatabase = "private";

/// What a failed start takes back: a server that nobody controls would only puzzle.
class StartedServer {
  public:
    StartedServer(const cluster::Home& home, const ServiceOptions& options)
        : cluster_(private_cluster(home, options)) {}
    ~StartedServer() {
        if (!is_started_) {
            return;
        }
        try {
            cluster_.stop();
        } catch (const Exception& exception) {
            print_error(exception.error()); // the reason of the failed start is printed after it
        }
    }
    StartedServer(const StartedServer&) = delete;
    StartedServer& operator=(const StartedServer&) = delete;

    void start() {
        cluster_.init();
        is_started_ = cluster_.start();
    }
    void keep() noexcept { is_started_ = false; }

  private:
    cluster::Cluster cluster_;
    bool is_started_ = false;
};

/// The database answers, holds the extension, and its connection string is known to the home.
void prepare_database(const cluster::Home& home, const ServiceOptions& options,
                      StartedServer& server) {
    if (options.database == kPrivateDatabase) {
        forget_database(home);
    } else if (!options.database.empty()) {
        store_database(home, options.database);
    }
    if (stored_database(home)) {
        return; // the user's own server: whether it answers shows when we connect
    }
    server.start();
    cluster::Bootstrap(home).run();
}

/// A URL that does not work is not kept: the next start would stumble over it.
std::unique_ptr<query::Session> connect_for_start(const cluster::Home& home,
                                                  const ServiceOptions& options) {
    try {
        return std::make_unique<query::Session>(user_connection_string(home));
    } catch (const Exception& exception) {
        Error error = exception.error();
        error.message = "could not connect to the database";
        if (!options.database.empty()) {
            forget_database(home);
        } else if (stored_database(home)) {
            error.hint = "To go back to the private server: penstock service start --database "
                         "private";
        }
        throw Exception(error);
    }
}

std::vector<std::string> daemon_arguments(const cluster::Home& home,
                                          const ServiceOptions& options) {
    const std::filesystem::path plugins =
        options.plugin_folder.empty() ? default_plugin_folder() : options.plugin_folder;
    std::vector<std::string> arguments{(program_folder() / "penstockd").string(), "--home",
                                       home.root.string(), "--plugin-dir", plugins.string()};
    if (std::optional<std::string> database = stored_database(home)) {
        arguments.insert(arguments.end(), {"--database", *database});
    }
    return arguments;
}

void print_next_steps(const cluster::Home& home, const Readiness& readiness) {
    std::printf("Penstock is running.\n  home         %s\n  connections  %s\n", home.root.c_str(),
                readiness.summary.empty() ? "none" : readiness.summary.c_str());
    if (!readiness.is_ready) {
        std::printf("  still at work:");
        for (const std::string& name : readiness.waiting) {
            std::printf(" %s", name.c_str());
        }
        std::printf("\n");
    }
    if (readiness.summary.empty()) {
        std::printf("Configure connections in %s (see the README there).\n", home.config().c_str());
    }
    std::printf("Go on with:\n"
                "  penstock connection list\n"
                "  penstock query \"select * from connection_state\"\n"
                "  penstock shell\n");
}

int start_in(const cluster::Home& home, const ServiceOptions& options) {
    Daemon daemon(home);
    if (daemon.running() && !options.database.empty()) {
        throw Exception(ErrorKind::kLimit, "the service is running and cannot change its database",
                        {}, "Stop it first with: penstock service stop");
    }
    StartedServer server(home, options);
    prepare_database(home, options, server);
    const std::unique_ptr<query::Session> session = connect_for_start(home, options);
    std::int64_t epoch = read_epoch(*session);
    if (const std::optional<pid_t> pid = daemon.running()) {
        std::fprintf(stderr, "penstock: the service is already running (process %d)\n",
                     static_cast<int>(*pid));
        epoch -= 1; // the controller that leads now will do
    } else {
        daemon.start(daemon_arguments(home, options));
    }
    server.keep(); // penstockd is up: what goes wrong from here on is for its log and `status`
    const Readiness readiness = wait_until_ready(*session, epoch, kReadyLimitSeconds, [&daemon] {
        if (!daemon.running()) {
            throw Exception(ErrorKind::kUnavailable, "penstockd ended while it started",
                            daemon.log_of_start(),
                            "The whole log is in \"" + daemon.log_file().string() + "\".");
        }
    });
    print_next_steps(home, readiness);
    return kSuccess;
}

} // namespace

cluster::Home look_at_home() {
    return cluster::Home::from_environment();
}

cluster::Home enter_home() {
    cluster::Home home = cluster::Home::from_environment();
    const cluster::ServiceUser user = cluster::service_user();
    if (cluster::is_root()) {
        std::fprintf(stderr,
                     "penstock: running as user \"%s\" because PostgreSQL refuses to run as root\n",
                     user.name.c_str());
        cluster::become(user, home.root);
    }
    return home;
}

cluster::Cluster private_cluster(const cluster::Home& home, const ServiceOptions& options) {
    cluster::ServerSettings settings;
    settings.library_folder = options.library_folder;
    return {home,
            options.server_programs.empty() ? cluster::default_server_programs()
                                            : options.server_programs,
            settings};
}

int start_service(const ServiceOptions& options) {
    const cluster::Home home = enter_home();
    home.check_socket_length();
    home.create_folders();
    const ServiceLock lock(home);
    const query::InterruptGuard interrupt;
    write_config_samples(home, options.has_sample);
    return start_in(home, options);
}

int restart_service(const ServiceOptions& options) {
    const int stopped = stop_service(options);
    return stopped == kSuccess ? start_service(options) : stopped;
}

} // namespace penstock::cli
