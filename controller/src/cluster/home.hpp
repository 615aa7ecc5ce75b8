#pragma once

#include <filesystem>
#include <string>

namespace penstock::cluster {

/// The install folder and everything in it. Several may run side by side.
///
///   config/        *.spc, *.json: the user's
///   data/          the private cluster (PGDATA)
///   run/           sockets, pid files, 0700: `pg/` the server's, `<instance>.sock` the plugins'
///   logs/          penstockd.log, postgresql.log, 0600
///   internal/      pgpass files, state of the service, 0700
struct Home {
    std::filesystem::path root;
    [[nodiscard]] std::filesystem::path config() const { return root / "config"; }
    [[nodiscard]] std::filesystem::path data() const { return root / "data"; }
    [[nodiscard]] std::filesystem::path run() const { return root / "run"; }
    [[nodiscard]] std::filesystem::path logs() const { return root / "logs"; }
    [[nodiscard]] std::filesystem::path internal() const { return root / "internal"; }
    /// Folder of the private server's socket: PGHOST.
    [[nodiscard]] std::filesystem::path server_socket_folder() const { return run() / "pg"; }
    /// Password file of the users' role, for psql; 0600.
    [[nodiscard]] std::filesystem::path user_pgpass() const { return internal() / "pgpass"; }
    /// Password file of the owner role, for penstockd; 0600.
    [[nodiscard]] std::filesystem::path owner_pgpass() const { return internal() / "owner.pgpass"; }

    /// PENSTOCK_HOME, or ~/.penstock of the user that the service runs as. Absolute, without "..".
    /// Errors: Exception kNotFound when that user cannot be told (see service_user).
    [[nodiscard]] static Home from_environment();

    /// Makes the folders that are missing, all 0700; owned by the caller, so drop privileges first.
    /// Errors: Exception kPermission naming the folder.
    void create_folders() const;
    /// Errors: Exception kLimit when the server's socket would not fit into a socket address (a
    /// server that cannot make its socket only warns, so this is checked before).
    void check_socket_length() const;
};

} // namespace penstock::cluster
