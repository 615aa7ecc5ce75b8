#include "socket_output.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace penstock {

void SocketOutput::write_frame(std::span<const std::byte> frame) {
    while (!frame.empty()) {
        const ssize_t sent = send(socket_, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            frame = frame.subspan(static_cast<std::size_t>(sent));
            is_in_frame_ = !frame.empty();
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            wait_for_room();
        } else if (errno != EINTR) {
            cancel_.raise();
            throw Exception(ErrorKind::kCancelled, "reader of the scan has gone");
        }
    }
}

void SocketOutput::write_last_frame(std::span<const std::byte> frame) noexcept {
    if (is_in_frame_) {
        return;
    }
    try {
        write_frame(frame);
    } catch (...) { // NOLINT(bugprone-empty-catch)
    }
}

void SocketOutput::wait_for_room() {
    if (before_waiting_) {
        before_waiting_();
    }
    std::array<pollfd, 2> waits{{{socket_, POLLOUT, 0}, {cancel_.fd(), POLLIN, 0}}};
    (void)poll(waits.data(), waits.size(), -1);
    if (cancel_.is_raised()) {
        throw Exception(ErrorKind::kCancelled, "query was cancelled");
    }
}

} // namespace penstock
