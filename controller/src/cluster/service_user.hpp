#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace penstock::cluster {

/// The operating system's user that the service runs as.
struct ServiceUser {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
    std::filesystem::path home;
};

/// The caller, or, for root (as which PostgreSQL refuses to run), the first that exists of
/// PENSTOCK_USER, "penstock", "postgres".
/// Errors: Exception kNotFound: no such user, or the caller's uid has no line in passwd.
[[nodiscard]] ServiceUser service_user();

/// Must this process change its user before it may start the service?
[[nodiscard]] bool is_root();

/// Makes this process that user for good: no other groups, HOME and USER set, in the folder
/// `root`, which is created for the user when it is missing. Only as root, with one thread.
/// Errors: Exception kPermission, naming the folder that the user cannot pass or write to.
void become(const ServiceUser& user, const std::filesystem::path& root);

} // namespace penstock::cluster
