#include "cluster/home.hpp"

#include "cluster/service_user.hpp"
#include "penstock/types/error.hpp"

#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace penstock::cluster {
namespace {

void create_folder(const std::filesystem::path& folder) {
    if (::mkdir(folder.c_str(), 0700) == 0 ||
        (errno == EEXIST && std::filesystem::is_directory(folder))) {
        return;
    }
    throw Exception(ErrorKind::kPermission,
                    "could not create folder \"" + folder.string() + "\": " + std::strerror(errno),
                    {}, "Set PENSTOCK_HOME to a folder that this user can write to.");
}

} // namespace

Home Home::from_environment() {
    const char* configured = std::getenv("PENSTOCK_HOME");
    if (configured == nullptr || *configured == '\0') {
        return Home{service_user().home / ".penstock"};
    }
    std::filesystem::path root = std::filesystem::absolute(configured).lexically_normal();
    // "/a/b/" and "/a/b" are one home: the password file names the socket folder letter by letter.
    return Home{root.has_filename() ? root : root.parent_path()};
}

void Home::create_folders() const {
    for (const std::filesystem::path& folder :
         {root, config(), run(), server_socket_folder(), logs(), internal()}) {
        create_folder(folder);
    }
}

void Home::check_socket_length() const {
    const std::string socket = (server_socket_folder() / ".s.PGSQL.5432").string();
    constexpr std::size_t kMaxBytes = sizeof(sockaddr_un::sun_path) - 1;
    if (socket.size() <= kMaxBytes) {
        return;
    }
    throw Exception(
        ErrorKind::kLimit, "the path of the folder \"" + root.string() + "\" is too long",
        "The server's socket \"" + socket + "\" would have " + std::to_string(socket.size()) +
            " bytes; the system's limit is " + std::to_string(kMaxBytes) + ".",
        "Set PENSTOCK_HOME to a shorter path.");
}

} // namespace penstock::cluster
