#include "cluster/cluster.hpp"

#include "cluster/child.hpp"
#include "cluster/service_user.hpp"
#include "penstock/types/error.hpp"

#include <libpq-fe.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

namespace penstock::cluster {
namespace {

using namespace std::chrono_literals;

constexpr auto kInitLimit = 120s;
constexpr int kStartSeconds = 60; // crash recovery included
/// A killed server stays a zombie until process 1 looks, and so long its lock file counts; its
/// sessions take a moment to notice its death, and so long its shared memory is in use.
constexpr auto kStaleServerLimit = 15s;
constexpr auto kPollInterval = 100ms;
/// From the end of the server's work to the end of its process.
constexpr int kEndMs = 10'000;
constexpr std::size_t kShownLogLines = 15;
/// Exit code of `pg_ctl status` for "no server runs here".
constexpr int kNoServer = 3;

std::string first_line(const std::filesystem::path& file) {
    std::ifstream stream(file);
    std::string line;
    std::getline(stream, line);
    return line;
}

std::uintmax_t size_of(const std::filesystem::path& file) {
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(file, error);
    return error ? 0 : bytes;
}

std::string octal(mode_t mode) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
    return text.data();
}

/// A dead process whose parent has not asked for its exit code yet; PostgreSQL counts it as alive.
bool is_zombie(pid_t pid) {
    // "123 (name with ) in it) Z 1 …"
    const std::string line = first_line("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t name_end = line.rfind(')');
    return name_end != std::string::npos && line.compare(name_end, 3, ") Z") == 0;
}

/// Why a server did not start: another one has died and is not quite gone.
bool is_rest_of_a_server(const std::string& log) {
    return log.find("\"postmaster.pid\" already exists") != std::string::npos ||
           log.find("pre-existing shared memory block") != std::string::npos;
}

/// postgresql.conf stays the user's, but for the line that includes ours.
void include_our_settings(const std::filesystem::path& data) {
    std::ofstream stream(data / "postgresql.conf", std::ios::app);
    stream << "\n# Penstock's settings; put your own below this line.\n"
              "include 'penstock.conf'\n";
    if (!stream.flush()) {
        throw Exception(ErrorKind::kPermission,
                        "could not write file \"" + (data / "postgresql.conf").string() + "\"");
    }
}

} // namespace

std::filesystem::path default_server_programs() {
    const char* configured = std::getenv("PENSTOCK_PG_BINDIR");
    return configured != nullptr && *configured != '\0' ? configured : PENSTOCK_PG_BINDIR;
}

Cluster::Cluster(Home home, std::filesystem::path programs, ServerSettings settings)
    : home_(std::move(home)), programs_(std::move(programs)), settings_(std::move(settings)) {
    settings_.socket_folder = home_.server_socket_folder();
}

std::string Cluster::program(const char* name) const {
    return (programs_ / name).string();
}

bool Cluster::is_initialized() const {
    std::error_code ignored;
    return std::filesystem::exists(home_.data() / "PG_VERSION", ignored);
}

void Cluster::check_programs() const {
    for (const char* name : {"initdb", "pg_ctl", "postgres"}) {
        if (::access(program(name).c_str(), X_OK) != 0) {
            throw Exception(ErrorKind::kNotFound,
                            "could not find PostgreSQL's program \"" + program(name) +
                                "\": " + std::strerror(errno),
                            {},
                            "Install the package postgresql-15, or give the folder of the "
                            "server's programs with --pg-bindir.");
        }
    }
}

std::string Cluster::programs_version() const {
    // "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"
    const Outcome outcome = run_program({program("postgres"), "--version"}, 10s);
    const std::size_t start = outcome.output.find(") ");
    if (outcome.exit_code != 0 || start == std::string::npos) {
        throw Exception(ErrorKind::kInternal,
                        "could not tell the version of \"" + program("postgres") + "\"",
                        outcome.output);
    }
    const std::size_t digits = outcome.output.find_first_not_of("0123456789", start + 2);
    return outcome.output.substr(start + 2, digits - start - 2);
}

void Cluster::check_data_folder() const {
    struct stat status{};
    if (::stat(home_.data().c_str(), &status) != 0) {
        throw Exception(ErrorKind::kPermission, "could not look at folder \"" +
                                                    home_.data().string() +
                                                    "\": " + std::strerror(errno));
    }
    const std::string name = "data folder \"" + home_.data().string() + "\"";
    if (status.st_uid != ::geteuid()) {
        throw Exception(ErrorKind::kPermission, name + " belongs to another user",
                        "Its owner has the id " + std::to_string(status.st_uid) +
                            "; the service runs with the id " + std::to_string(::geteuid()) + ".",
                        "Start the service as that user, or set PENSTOCK_HOME to another folder.");
    }
    if ((status.st_mode & 0027) != 0) {
        throw Exception(ErrorKind::kPermission, name + " has permissions " + octal(status.st_mode),
                        "PostgreSQL wants 0700 or 0750.",
                        "Find out who changed them, then run: chmod 0700 '" +
                            home_.data().string() + "'");
    }
    const std::string made_by = first_line(home_.data() / "PG_VERSION");
    const std::string ours = programs_version();
    if (made_by != ours) {
        throw Exception(ErrorKind::kLimit,
                        name + " was made by PostgreSQL " + made_by +
                            ", but the server's programs are of version " + ours,
                        {},
                        "Give the programs of version " + made_by +
                            " with --pg-bindir, or move the folder away: the service makes a new "
                            "one and reads everything again from the configuration.");
    }
}

void Cluster::create_data_folder() const {
    // Made beside and renamed, so that an interrupted attempt never looks like a data folder.
    const std::filesystem::path draft = home_.root / "data.new";
    std::filesystem::remove_all(draft);
    // Both order texts by their bytes, but only of "C" does the server know it: it sorts faster,
    // and comparisons, first rows, min and max of texts can be left to plugins.
    const Outcome outcome = run_program(
        {program("initdb"), "--pgdata", draft.string(), "--encoding", "UTF8", "--locale", "C.UTF-8",
         "--lc-collate", "C", "--data-checksums", "--auth-local", "peer", "--auth-host", "reject",
         "--username", kSuperuser, "--no-instructions"},
        kInitLimit);
    if (outcome.exit_code != 0) {
        throw Exception(ErrorKind::kInternal, "could not create the database cluster",
                        outcome.exit_code < 0 ? "The program initdb took too long."
                                              : "initdb said: " + outcome.output);
    }
    include_our_settings(draft);
    std::filesystem::rename(draft, home_.data());
}

void Cluster::init() {
    home_.check_socket_length();
    check_programs();
    if (is_initialized()) {
        check_data_folder();
        return;
    }
    std::error_code ignored;
    if (std::filesystem::exists(home_.data(), ignored) &&
        !std::filesystem::is_empty(home_.data(), ignored)) {
        throw Exception(ErrorKind::kPermission,
                        "folder \"" + home_.data().string() +
                            "\" is neither empty nor a data folder of PostgreSQL",
                        {}, "Move it away, or set PENSTOCK_HOME to another folder.");
    }
    std::filesystem::remove(home_.data(), ignored);
    create_data_folder();
}

void Cluster::write_configuration() const {
    write_private_file(home_.data() / "penstock.conf", server_configuration(settings_));
    write_private_file(home_.data() / "pg_hba.conf", host_based_authentication());
    write_private_file(home_.data() / "pg_ident.conf", ident_map(service_user().name));
}

std::optional<pid_t> Cluster::running_server() const {
    if (!is_initialized()) {
        return std::nullopt;
    }
    const Outcome outcome =
        run_program({program("pg_ctl"), "status", "--pgdata", home_.data().string()}, 10s);
    if (outcome.exit_code == kNoServer) {
        return std::nullopt;
    }
    if (outcome.exit_code != 0) {
        throw Exception(ErrorKind::kInternal, "could not tell whether the server runs",
                        "pg_ctl said: " + outcome.output);
    }
    const auto pid = static_cast<pid_t>(
        std::strtol(first_line(home_.data() / "postmaster.pid").c_str(), nullptr, 10));
    return is_zombie(pid) ? std::nullopt : std::optional(pid);
}

bool Cluster::wait_for_running_server() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kStartSeconds);
    const std::string target = connection_string(home_, kSuperuser, "postgres", {});
    while (const std::optional<pid_t> pid = running_server()) {
        if (PQping(target.c_str()) == PQPING_OK) {
            return true;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            throw Exception(ErrorKind::kUnavailable,
                            "the private PostgreSQL server, process " + std::to_string(*pid) +
                                ", runs but accepts no connections",
                            tail_of(log_file(), 0, kShownLogLines));
        }
        std::this_thread::sleep_for(kPollInterval);
    }
    return false;
}

bool Cluster::start() {
    if (wait_for_running_server()) {
        return false;
    }
    write_configuration();
    const auto deadline = std::chrono::steady_clock::now() + kStaleServerLimit;
    while (true) {
        const std::uintmax_t log_start = size_of(log_file());
        const Outcome outcome =
            run_program({program("pg_ctl"), "start", "--pgdata", home_.data().string(), "--log",
                         log_file().string(), "--wait", "--timeout", std::to_string(kStartSeconds)},
                        std::chrono::seconds(kStartSeconds + 10));
        if (outcome.exit_code == 0) {
            return true;
        }
        const std::string log = tail_of(log_file(), log_start, kShownLogLines);
        if (!is_rest_of_a_server(log) || std::chrono::steady_clock::now() > deadline) {
            throw Exception(ErrorKind::kUnavailable,
                            "could not start the private PostgreSQL server",
                            log.empty() ? outcome.output : log,
                            "The whole log is in \"" + log_file().string() + "\".");
        }
        std::this_thread::sleep_for(kPollInterval);
    }
}

bool Cluster::try_stop(const char* mode, int seconds) const {
    const Outcome outcome =
        run_program({program("pg_ctl"), "stop", "--pgdata", home_.data().string(), "--mode", mode,
                     "--wait", "--timeout", std::to_string(seconds)},
                    std::chrono::seconds(seconds + 5));
    return outcome.exit_code == 0 || !running_server();
}

bool Cluster::stop() {
    const std::optional<pid_t> server = running_server();
    if (!server) {
        return false;
    }
    const FileDescriptor process = open_process(*server);
    // pg_ctl looks at the file postmaster.pid, which goes a moment before the process does.
    const bool is_stopped = try_stop("fast", 20) || try_stop("immediate", 10);
    if (!is_stopped || (process && !wait_for_end(process, kEndMs))) {
        throw Exception(ErrorKind::kUnavailable,
                        "could not stop the private PostgreSQL server, process " +
                            std::to_string(*server),
                        tail_of(log_file(), 0, kShownLogLines));
    }
    return true;
}

} // namespace penstock::cluster
