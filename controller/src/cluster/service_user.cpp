#include "cluster/service_user.hpp"

#include "penstock/types/error.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace penstock::cluster {
namespace {

ServiceUser from_entry(const passwd& entry) {
    return {entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir};
}

std::optional<ServiceUser> find_user(const char* name) {
    // The program has one thread here, so getpwnam's static buffer is nobody else's.
    const passwd* entry = ::getpwnam(name); // NOLINT(concurrency-mt-unsafe)
    return entry == nullptr ? std::nullopt : std::optional(from_entry(*entry));
}

ServiceUser user_for_root() {
    const char* configured = std::getenv("PENSTOCK_USER");
    if (configured != nullptr && *configured != '\0') {
        std::optional<ServiceUser> user = find_user(configured);
        if (!user || user->uid == 0) {
            throw Exception(ErrorKind::kNotFound,
                            std::string("PENSTOCK_USER names \"") + configured + "\", " +
                                (user ? "which is root" : "which does not exist"),
                            {}, "Name an existing user without privileges.");
        }
        return *user;
    }
    for (const char* name : {"penstock", "postgres"}) {
        if (std::optional<ServiceUser> user = find_user(name)) {
            return *user;
        }
    }
    throw Exception(ErrorKind::kNotFound, "there is no user to run the service as",
                    "PostgreSQL refuses to run as root.",
                    "Create one with: adduser --system --group --home /var/lib/penstock penstock");
}

Exception folder_error(const char* what, const std::filesystem::path& folder,
                       const ServiceUser& user, const std::string& hint) {
    return {ErrorKind::kPermission,
            "user \"" + user.name + "\" cannot " + what + " folder \"" + folder.string() +
                "\": " + std::strerror(errno),
            {},
            hint};
}

void check_call(int result, const char* name) {
    if (result != 0) {
        throw Exception(ErrorKind::kPermission, std::string("could not give up root: ") + name +
                                                    ": " + std::strerror(errno));
    }
}

/// Every folder above `root` must be passable; the first that is not is the one to name.
void check_parents(const ServiceUser& user, const std::filesystem::path& root) {
    std::filesystem::path folder;
    for (const auto& part : root.parent_path()) {
        folder /= part;
        if (::access(folder.c_str(), X_OK) != 0) {
            throw folder_error("enter", folder, user,
                               "Set PENSTOCK_HOME to a folder whose parents everybody may enter, "
                               "such as \"/var/lib/penstock\".");
        }
    }
}

void create_for(const ServiceUser& user, const std::filesystem::path& root) {
    if (::mkdir(root.c_str(), 0700) == 0) {
        check_call(::chown(root.c_str(), user.uid, user.gid), "chown");
    } else if (errno != EEXIST) {
        throw Exception(ErrorKind::kPermission, "could not create folder \"" + root.string() +
                                                    "\": " + std::strerror(errno));
    }
}

} // namespace

bool is_root() {
    return ::geteuid() == 0;
}

ServiceUser service_user() {
    if (is_root()) {
        return user_for_root();
    }
    const passwd* entry = ::getpwuid(::geteuid()); // NOLINT(concurrency-mt-unsafe)
    if (entry != nullptr) {
        return from_entry(*entry);
    }
    throw Exception(ErrorKind::kNotFound,
                    "user id " + std::to_string(::geteuid()) + " has no entry in /etc/passwd",
                    "PostgreSQL cannot run as a user without a name.",
                    "In a container, add a line for the user or start with a named one.");
}

void become(const ServiceUser& user, const std::filesystem::path& root) {
    create_for(user, root);
    check_call(::setgroups(0, nullptr), "setgroups");
    check_call(::setresgid(user.gid, user.gid, user.gid), "setresgid");
    check_call(::setresuid(user.uid, user.uid, user.uid), "setresuid");
    ::setenv("HOME", user.home.c_str(), 1);
    ::setenv("USER", user.name.c_str(), 1);
    ::setenv("LOGNAME", user.name.c_str(), 1);
    check_parents(user, root);
    if (::access(root.c_str(), R_OK | W_OK | X_OK) != 0) {
        throw folder_error("write to", root, user,
                           "Give it to that user with: chown " + user.name + ": '" + root.string() +
                               "'");
    }
    check_call(::chdir(root.c_str()), "chdir");
}

} // namespace penstock::cluster
