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

/// Where a plugin or the controller listens, and who it must be.
struct Address {
    const char* path;   ///< of the Unix socket
    std::int64_t uid;   ///< of the process behind it
    const char* plugin; ///< for messages; null: it is the controller
};

/// Tries once to connect, without waiting, and checks that the process behind runs as the uid.
///
/// False: nobody listens now, but somebody may soon, because the controller restarts a plugin that
/// died; try again until penstock.connect_timeout after `*started`. A plugin whose listen queue is
/// full is waited for as long as that lasts, and puts `*started` off.
/// Raises: HV00N with a hint when that time is over or the path is too long, 42501 when the peer is
/// somebody else, 53000 when the backend has no file descriptor left.
[[nodiscard]] bool try_connect(Socket* socket, const Address& address, TimestampTz* started);

/// The same, waiting interruptibly.
void connect_socket(Socket* socket, const Address& address);

/// Sends what the socket takes now. Returns: how many bytes; -1 = the peer closed or the socket
/// failed, errno says why.
[[nodiscard]] ssize_t try_send(Socket* socket, const char* data, std::size_t bytes);

/// Sends all of it, waiting. False: the peer closed or the socket failed; errno says why.
[[nodiscard]] bool send_all(Socket* socket, const char* data, std::size_t bytes);

/// Returned by try_receive(): nothing has arrived yet.
inline constexpr ssize_t kNothingYet = -2;

/// Receives at least one byte and at most `bytes`, without waiting.
/// Returns: how many; 0 = end of the stream; -1 = failed, errno says why; kNothingYet.
[[nodiscard]] ssize_t try_receive(Socket* socket, void* data, std::size_t bytes);

/// The same, waiting: never kNothingYet. Raises on interrupts.
[[nodiscard]] ssize_t receive(Socket* socket, void* data, std::size_t bytes);

/// Time between two attempts to connect while nobody listens, or to send while nobody reads.
inline constexpr long kRetryMs = 20;

/// Makes `timer`, opened when it is not, readable once kRetryMs from now: for those who wait for
/// many things at once. Raises 53000 when the backend has no file descriptor left.
void arm_retry_timer(Socket* timer);

/// What pg_stat_activity shows a backend waiting for. Plain old data, one for each kind of wait.
struct WaitEvent {
    const char* name;
    uint32 number; ///< 0 = not asked for yet
};

/// Waits once for `socket_events` (WL_SOCKET_…) of `fd`, for the latch, or for the time, and serves
/// interrupts. No events: only the time. `timeout_ms` < 0: as long as it takes. The one wait that
/// all others are made of.
void wait_once(int socket_events, pgsocket fd, long timeout_ms, WaitEvent* event);

/// Setting penstock.connect_timeout, milliseconds.
extern int connect_timeout_ms;

} // namespace penstock::pg
