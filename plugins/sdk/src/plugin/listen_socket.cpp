#include "listen_socket.hpp"

#include "current_error.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace penstock {

namespace {

constexpr int kBacklog = 512;
/// Linux cuts this to twice net.core.wmem_max. Larger than a block, so that a scan fills the next
/// one while the reader still works on the last.
constexpr int kSendBufferBytes = 1 << 20;

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        throw Exception(ErrorKind::kOption, "socket path \"" + path + "\" is too long",
                        "It has " + std::to_string(path.size()) + " bytes; the limit is " +
                            std::to_string(sizeof(address.sun_path) - 1) + '.');
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

[[noreturn]] void throw_for(const std::string& path, const char* what) {
    Error error = system_error(what);
    error.message += " (\"" + path + "\")";
    throw Exception(std::move(error));
}

} // namespace

ListenSocket::ListenSocket(std::string path, std::vector<uid_t> allowed_uids)
    : path_(std::move(path)), allowed_uids_(std::move(allowed_uids)),
      socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    if (!socket_.is_open()) {
        throw_for(path_, "make a socket");
    }
    if (allowed_uids_.empty()) {
        allowed_uids_.push_back(geteuid());
    }
    const std::size_t slash = path_.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path_.substr(0, slash + 1);
    const std::string temporary = folder + '.' + std::to_string(getpid());
    (void)address_of(path_);
    const sockaddr_un address = address_of(temporary);
    unlink(temporary.c_str()); // of a former process with our pid
    const bool is_only_us = std::all_of(allowed_uids_.begin(), allowed_uids_.end(),
                                        [](uid_t uid) { return uid == geteuid(); });
    struct stat file{};
    if (bind(fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        throw_for(path_, "bind socket");
    }
    // Its folder guards it from others; is_allowed() decides.
    if (chmod(temporary.c_str(), is_only_us ? 0600 : 0666) != 0 || listen(fd(), kBacklog) != 0 ||
        stat(temporary.c_str(), &file) != 0 || rename(temporary.c_str(), path_.c_str()) != 0) {
        const int number = errno;
        unlink(temporary.c_str());
        errno = number;
        throw_for(path_, "publish socket");
    }
    inode_ = file.st_ino;
}

ListenSocket::~ListenSocket() {
    struct stat file{};
    if (inode_ != 0 && stat(path_.c_str(), &file) == 0 && file.st_ino == inode_) {
        unlink(path_.c_str());
    }
}

FileDescriptor ListenSocket::accept() const {
    FileDescriptor peer(accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (peer.is_open()) {
        (void)setsockopt(peer.get(), SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes,
                         sizeof(kSendBufferBytes));
    }
    return peer;
}

bool ListenSocket::is_allowed(int peer) const {
    ucred credentials{};
    socklen_t length = sizeof(credentials);
    return getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 &&
           std::find(allowed_uids_.begin(), allowed_uids_.end(), credentials.uid) !=
               allowed_uids_.end();
}

} // namespace penstock
