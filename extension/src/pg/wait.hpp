#pragma once

#include <cstddef>
#include <cstdint>

#include "pg/postgres.hpp"

/// The only place where a backend waits for a plugin (boundary rule B9): latch, socket, timeout and
/// postmaster death together, so cancel, statement_timeout, terminate and shutdown act at once
/// whatever the plugin does.
namespace penstock::pg {

/// A connected stream socket, owned by a memory context (make_owned): closed on any way out.
class Socket {
  public:
    Socket() noexcept = default;
    ~Socket() { close(); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int fd() const noexcept { return fd_; }
    void close() noexcept;
    void adopt(int fd) noexcept { fd_ = fd; }

  private:
    int fd_ = -1;
};

/// Connects to the Unix socket `path` and checks that the process behind it runs as `peer_uid`.
///
/// Waits, interruptibly and at most penstock.connect_timeout, while nobody listens: the controller
/// restarts a plugin that died. Raises: HV00N with a hint when the time is over or the path is too
/// long, 42501 when the peer is somebody else, 53000 when the backend has no file descriptor left.
void connect_socket(Socket* socket, const char* path, std::int64_t peer_uid, const char* plugin);

/// Sends all of it. False: the peer closed or the socket failed; errno says why.
[[nodiscard]] bool send_all(Socket* socket, const char* data, std::size_t bytes);

/// Receives at least one byte and at most `bytes`.
/// Returns: how many; 0 = end of the stream; -1 = failed, errno says why. Raises on interrupts.
[[nodiscard]] ssize_t receive(Socket* socket, void* data, std::size_t bytes);

/// Setting penstock.connect_timeout, milliseconds.
extern int connect_timeout_ms;

} // namespace penstock::pg
