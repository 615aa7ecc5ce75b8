#pragma once

#include "cluster/home.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::query {
class Session;
}

/// Which database a home's service works with: its private server, or one given by --database.
namespace penstock::cli {

/// Connection string of the database that `service start --database` was given; nullopt: private.
/// Errors: Exception kPermission when it is there but cannot be read.
[[nodiscard]] std::optional<std::string> stored_database(const cluster::Home& home);
/// Keeps a URL or connection string for the other commands (0600). A password in it moves to a
/// password file (0600), so that what is stored may be an argument of penstockd.
/// Errors: Exception kOption when it is not one of libpq's; kPermission.
void store_database(const cluster::Home& home, const std::string& url);

/// The private server is used again.
void forget_database(const cluster::Home& home);

/// How users reach the database: libpq's string, without a password of ours in it.
[[nodiscard]] std::string user_connection_string(const cluster::Home& home);

/// A session for the user's commands. Blocks while it connects: an InterruptGuard comes after it,
/// so that Ctrl-C ends that, too. Errors: Exception kUnavailable that names the service's home and
/// says how to start it.
[[nodiscard]] std::unique_ptr<query::Session> connect(const cluster::Home& home);

/// A variable of the environment; without a value it must not be set.
struct Setting {
    std::string name;
    std::optional<std::string> value;
};

/// libpq's variables, as users reach the database. Errors: Exception kOption when the stored URL is
/// not libpq's.
[[nodiscard]] std::vector<Setting> client_settings(const cluster::Home& home);

} // namespace penstock::cli
