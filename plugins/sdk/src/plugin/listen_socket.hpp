#pragma once

#include "file_descriptor.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// The socket that backends connect to.
///
/// It is bound under a temporary name and renamed into place once it listens, so a path that exists
/// is one that answers, and an old socket is replaced without a gap.
class ListenSocket {
  public:
    /// Only peers with one of `allowed_uids` are let in; our own uid when the list is empty.
    /// Errors: throws Exception kOption (path too long) or kUnavailable.
    ListenSocket(std::string path, std::vector<uid_t> allowed_uids);
    ListenSocket(const ListenSocket&) = delete;
    ListenSocket& operator=(const ListenSocket&) = delete;
    /// Removes the file, unless a successor's has taken its place.
    ~ListenSocket();

    [[nodiscard]] int fd() const noexcept { return socket_.get(); }
    /// The next peer, non-blocking; not open when there is none or (errno) on failure.
    [[nodiscard]] FileDescriptor accept() const;
    /// May this peer scan? Looks at the credentials that the kernel vouches for.
    [[nodiscard]] bool is_allowed(int peer) const;

  private:
    std::string path_;
    std::vector<uid_t> allowed_uids_;
    FileDescriptor socket_;
    ino_t inode_ = 0;
};

} // namespace penstock
