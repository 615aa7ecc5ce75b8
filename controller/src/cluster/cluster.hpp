#pragma once

#include "cluster/home.hpp"
#include "cluster/server_files.hpp"

#include <sys/types.h>

#include <optional>
#include <string>

namespace penstock::cluster {

/// The folder of the server's programs: PENSTOCK_PG_BINDIR, or that of the build.
[[nodiscard]] std::filesystem::path default_server_programs();

/// The private PostgreSQL of a home: the distribution's own programs, a socket only, never `trust`.
///
/// Everything is idempotent. Call as the user that the service runs as (`become` first), never as
/// root; one caller at a time (the service's lock). The constructor only stores.
class Cluster {
  public:
    Cluster(Home home, std::filesystem::path programs, ServerSettings settings);

    /// Makes the data folder when there is none: UTF-8, order of bytes, checksums. An interrupted
    /// attempt leaves nothing that a later one trips over. Errors: Exception kNotFound: no server
    /// programs (the hint says what to install); kPermission: owner or mode of an existing data
    /// folder; kLimit: made by another major version; kInternal with initdb's own words.
    void init();

    /// Writes the configuration files and starts the server unless it runs; waits until it accepts
    /// connections. Returns: did this call start it.
    /// Errors: Exception kUnavailable with the end of the server's log.
    bool start();

    /// Stops the server (fast, then immediate); true when there was one.
    /// Errors: Exception kUnavailable when it is still there after both.
    bool stop();

    [[nodiscard]] bool is_initialized() const;
    /// Process of the running server, as the server itself judges it; nullopt when it does not run.
    [[nodiscard]] std::optional<pid_t> running_server() const;
    [[nodiscard]] std::filesystem::path log_file() const { return home_.logs() / "postgresql.log"; }

  private:
    [[nodiscard]] std::string program(const char* name) const;
    [[nodiscard]] std::string programs_version() const;
    void check_programs() const;
    void check_data_folder() const;
    void create_data_folder() const;
    void write_configuration() const;
    /// False: there is none. One that is starting, or dying of a kill, is neither for a moment.
    [[nodiscard]] bool wait_for_running_server() const;
    [[nodiscard]] bool try_stop(const char* mode, int seconds) const;

    Home home_;
    std::filesystem::path programs_;
    ServerSettings settings_;
};

} // namespace penstock::cluster
