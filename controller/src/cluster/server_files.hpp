#pragma once

#include "cluster/home.hpp"

#include <string>

/// The text of the files that the private server reads, and of those that libpq reads. Pure.
namespace penstock::cluster {

/// How one private server is set up.
struct ServerSettings {
    std::filesystem::path socket_folder;
    /// Where penstock.so lies when it is not installed (build trees); empty: only $libdir.
    std::filesystem::path library_folder;
    /// shared_preload_libraries; empty only for a server without the extension.
    std::string preload = "penstock";
};

inline constexpr const char* kSuperuser = "postgres";
inline constexpr const char* kDatabase = "penstock";
inline constexpr const char* kOwnerRole = "penstock_owner";
inline constexpr const char* kUserRole = "penstock";
/// The port only names the socket file; each home has a socket folder of its own.
inline constexpr const char* kPort = "5432";

/// penstock.conf, which postgresql.conf includes.
[[nodiscard]] std::string server_configuration(const ServerSettings& settings);
/// pg_hba.conf: the superuser by peer for the service's user alone, everybody else by password.
[[nodiscard]] std::string host_based_authentication();
/// pg_ident.conf: the map that the line above names.
[[nodiscard]] std::string ident_map(const std::string& service_user);
/// A value of postgresql.conf, quoted.
[[nodiscard]] std::string quote_setting(const std::string& value);

/// One line of a password file, without the newline. Fields are escaped.
[[nodiscard]] std::string pgpass_line(const std::string& host, const std::string& database,
                                      const std::string& role, const std::string& password);
/// One for a file that is used for one connection only: it fits every host and role.
[[nodiscard]] std::string pgpass_any_line(const std::string& password);
/// A value of a libpq connection string, quoted.
[[nodiscard]] std::string quote_conninfo(const std::string& value);
/// Connection string of a role of the private server. `password_file` may be empty (peer).
[[nodiscard]] std::string connection_string(const Home& home, const std::string& role,
                                            const std::string& database,
                                            const std::filesystem::path& password_file);

/// Writes a file at one stroke (a new file renamed over the old), 0600, by its owner only.
/// Errors: Exception kPermission naming the file.
void write_private_file(const std::filesystem::path& file, const std::string& text);

} // namespace penstock::cluster
