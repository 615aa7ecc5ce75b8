#include "pg/wait.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "pg/compat.hpp"

namespace penstock::pg {

int connect_timeout_ms = 10'000;

namespace {

WaitEvent connect_event = {"PenstockConnect", 0};
WaitEvent stream_event = {"PenstockScan", 0};

/// Nobody listens now, but somebody may soon: the plugin is being restarted, or its backlog is
/// full.
bool is_temporary(int error) {
    return error == ENOENT || error == ECONNREFUSED || error == EAGAIN || error == ECONNRESET ||
           error == EINTR;
}

[[noreturn]] void raise_unreachable(int error, const char* path, const char* plugin) {
    errno = error;
    const bool is_forbidden = error == EACCES;
    ereport(
        ERROR,
        (errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
         plugin == nullptr ? errmsg("could not connect to the controller: %m")
                           : errmsg("could not connect to plugin \"%s\": %m", plugin),
         is_forbidden
             ? errdetail("The server's user id %u may not reach socket \"%s\".", geteuid(), path)
             : errdetail("Nobody answers at socket \"%s\".", path),
         is_forbidden ? errhint("Every folder of that path needs the permission to search it (x).")
                      : errhint("See \"select * from penstock.plugin\", and whether the controller "
                                "runs: \"penstock service status\".")));
    pg_unreachable();
}

void acquire_descriptor() {
    if (!AcquireExternalFD()) {
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES),
                        errmsg("could not open a socket: no file descriptors left"),
                        errhint("Run fewer scans at once, or raise max_files_per_process.")));
    }
}

void adopt(Socket* socket, int fd) {
    if (fd < 0) {
        ReleaseExternalFD();
        ereport(ERROR, (errcode_for_socket_access(), errmsg("could not create a socket: %m")));
    }
    socket->adopt(fd);
}

void check_peer(Socket* socket, const char* path, std::int64_t peer_uid) {
    ucred peer = {};
    socklen_t size = sizeof(peer);
    if (getsockopt(socket->fd(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        ereport(ERROR, (errcode_for_socket_access(),
                        errmsg("could not identify the process behind socket \"%s\": %m", path)));
    }
    if (static_cast<std::int64_t>(peer.uid) != peer_uid) {
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                 errmsg("refused to talk to the process behind socket \"%s\"", path),
                 errdetail("It runs as user id %u, not %lld.", peer.uid,
                           static_cast<long long>(peer_uid)),
                 errhint("Check who made the socket, and the uid in the options of the foreign "
                         "server or in penstock.controller.")));
    }
}

} // namespace

void wait_once(int socket_events, pgsocket fd, long timeout_ms, WaitEvent* event) {
    if (event->number == 0) {
        event->number = wait_event(event->name);
    }
    int what = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | socket_events;
    if (timeout_ms >= 0) {
        what |= WL_TIMEOUT;
    }
    const int happened = WaitLatchOrSocket(MyLatch, what, fd, timeout_ms, event->number);
    if ((happened & WL_LATCH_SET) != 0) {
        ResetLatch(MyLatch);
    }
    CHECK_FOR_INTERRUPTS();
}

void Socket::close() noexcept {
    if (fd_ >= 0) {
        ::close(fd_);
        ReleaseExternalFD(); // only a counter: cannot raise
        fd_ = -1;
    }
}

bool try_connect(Socket* socket, const Address& to, TimestampTz* started) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (std::strlen(to.path) >= sizeof(address.sun_path)) {
        ereport(ERROR, (errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
                        errmsg("path of the socket of %s \"%s\" is too long",
                               to.plugin == nullptr ? "the" : "plugin",
                               to.plugin == nullptr ? "controller" : to.plugin),
                        errdetail("\"%s\" has %zu bytes, the limit is %zu.", to.path,
                                  std::strlen(to.path), sizeof(address.sun_path) - 1)));
    }
    std::memcpy(address.sun_path, to.path, std::strlen(to.path) + 1);
    if (!socket->is_open()) {
        acquire_descriptor();
        adopt(socket, ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    }
    if (::connect(socket->fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
        0) {
        const int error = errno;
        // A plugin whose listen queue is full is there and gets to us; one that hangs is replaced.
        if (error == EAGAIN && to.plugin != nullptr) {
            *started = GetCurrentTimestamp();
        } else if (!is_temporary(error) ||
                   TimestampDifferenceExceeds(*started, GetCurrentTimestamp(),
                                              connect_timeout_ms)) {
            raise_unreachable(error, to.path, to.plugin);
        }
        return false;
    }
    check_peer(socket, to.path, to.uid);
    return true;
}

void connect_socket(Socket* socket, const Address& address) {
    TimestampTz started = GetCurrentTimestamp();
    while (!try_connect(socket, address, &started)) {
        wait_once(0, PGINVALID_SOCKET, kRetryMs, &connect_event);
    }
}

ssize_t try_send(Socket* socket, const char* data, std::size_t bytes) {
    for (;;) {
        const ssize_t sent = ::send(socket->fd(), data, bytes, MSG_NOSIGNAL);
        if (sent >= 0) {
            return sent;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return 0;
        }
        if (errno != EINTR) {
            return -1;
        }
    }
}

bool send_all(Socket* socket, const char* data, std::size_t bytes) {
    while (bytes > 0) {
        const ssize_t sent = try_send(socket, data, bytes);
        if (sent < 0) {
            return false;
        }
        if (sent == 0) {
            wait_once(WL_SOCKET_WRITEABLE, socket->fd(), -1, &stream_event);
        }
        data += sent;
        bytes -= static_cast<std::size_t>(sent);
    }
    return true;
}

ssize_t try_receive(Socket* socket, void* data, std::size_t bytes) {
    for (;;) {
        const ssize_t got = ::recv(socket->fd(), data, bytes, 0);
        if (got >= 0) {
            return got;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return kNothingYet;
        }
        if (errno != EINTR) {
            return -1;
        }
    }
}

ssize_t receive(Socket* socket, void* data, std::size_t bytes) {
    for (;;) {
        const ssize_t got = try_receive(socket, data, bytes);
        if (got != kNothingYet) {
            return got;
        }
        wait_once(WL_SOCKET_READABLE, socket->fd(), -1, &stream_event);
    }
}

void arm_retry_timer(Socket* timer) {
    if (!timer->is_open()) {
        acquire_descriptor();
        adopt(timer, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    }
    itimerspec spec = {};
    spec.it_value.tv_nsec = kRetryMs * 1'000'000;
    (void)timerfd_settime(timer->fd(), 0, &spec, nullptr); // fails for bad arguments only
}

} // namespace penstock::pg
