#pragma once

#include "penstock/protocol/messages.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// The real example executable, started and spoken to as controller and server do it.
namespace penstock::testing {

inline constexpr int kPatienceMs = 10'000;

/// Waits until `fd` is readable (or at its end). Throws after kPatienceMs.
inline void wait_readable(int fd) {
    pollfd wait{fd, POLLIN, 0};
    if (poll(&wait, 1, kPatienceMs) != 1) {
        throw std::runtime_error("nothing arrived in time");
    }
}

/// One frame; the payload is aligned as open_block() wants it.
struct Frame {
    FrameKind kind;
    std::vector<std::byte> payload;

    template <typename Message>
    [[nodiscard]] Message as() const {
        Message message;
        parse_message(std::span<const std::byte>(payload), message).take();
        return message;
    }
};

/// A connected stream socket.
class Stream {
  public:
    explicit Stream(int fd = -1) : fd_(fd) {}
    Stream(Stream&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Stream& operator=(Stream&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() { hang_up(); }

    [[nodiscard]] int fd() const { return fd_; }
    void hang_up() {
        if (fd_ >= 0) {
            close(std::exchange(fd_, -1));
        }
    }
    void send_bytes(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count < 0) {
                throw std::runtime_error("could not send");
            }
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    template <typename Message>
    void send(FrameKind kind, const Message& message) const {
        std::string frame;
        append_message_frame(kind, message, frame);
        send_bytes(frame);
    }
    /// The next frame; nothing at the end of the stream.
    [[nodiscard]] std::optional<Frame> receive() const {
        std::array<std::byte, kFrameHeaderBytes> header{};
        if (!read_exactly(header)) {
            return std::nullopt;
        }
        const FrameInfo info = parse_header(header, kMaxControlFrameBytes).take();
        Frame frame{info.kind, std::vector<std::byte>(info.payload_bytes)};
        if (!read_exactly(frame.payload)) {
            throw std::runtime_error("stream ended inside a frame");
        }
        return frame;
    }
    /// The payload of the next frame, which must be of that kind.
    template <typename Message>
    [[nodiscard]] Message receive(FrameKind kind) const {
        const std::optional<Frame> frame = receive();
        if (!frame || frame->kind != kind) {
            throw std::runtime_error(frame ? "frame of kind " +
                                                 std::to_string(static_cast<int>(frame->kind))
                                           : "end of stream");
        }
        return frame->as<Message>();
    }

  private:
    /// False at the end of the stream.
    [[nodiscard]] bool read_exactly(std::span<std::byte> to) const {
        while (!to.empty()) {
            wait_readable(fd_);
            const ssize_t count = recv(fd_, to.data(), to.size(), 0);
            if (count <= 0) {
                return false;
            }
            to = to.subspan(static_cast<std::size_t>(count));
        }
        return true;
    }

    int fd_;
};

/// Where the build puts plugins, seen from the test program (build/tests).
inline std::string example_executable() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() /
           "lib/penstock/plugins/example";
}

class PluginProcess {
  public:
    explicit PluginProcess(const std::vector<std::string>& more_arguments = {}) {
        std::string name = std::filesystem::temp_directory_path() / "penstock-XXXXXX";
        folder_ = mkdtemp(name.data());
        socket_path_ = folder_ + "/example.sock";
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
            throw std::runtime_error("could not make a socket pair");
        }
        control_ = Stream(pair[0]);
        const Stream other(pair[1]);
        start(more_arguments, other.fd());
    }
    PluginProcess(const PluginProcess&) = delete;
    PluginProcess& operator=(const PluginProcess&) = delete;
    ~PluginProcess() {
        if (!exit_code_) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
        close(pidfd_);
        std::filesystem::remove_all(folder_);
    }

    [[nodiscard]] Stream& control() { return control_; }
    [[nodiscard]] const std::string& socket_path() const { return socket_path_; }

    /// The answer to a request; its id is set here.
    [[nodiscard]] wire::ControlReply ask(wire::ControlRequest request) {
        request.set_id(++last_id_);
        control_.send(FrameKind::kControl, request);
        while (true) {
            auto reply = control_.receive<wire::ControlReply>(FrameKind::kControlReply);
            if (reply.id() == last_id_) {
                return reply;
            }
        }
    }
    [[nodiscard]] wire::ControlReply configure(const std::string& connection, ConfigValue rows) {
        wire::ControlRequest request;
        request.mutable_configure()->set_connection(connection);
        write_message(rows, (*request.mutable_configure()->mutable_arguments())["rows"]);
        return ask(std::move(request));
    }
    /// A new peer of the scan socket.
    [[nodiscard]] Stream connect() const {
        Stream peer(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, socket_path_.data(), socket_path_.size());
        if (::connect(peer.fd(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
            throw std::runtime_error("could not connect");
        }
        return peer;
    }
    /// A new peer that has sent hello and request.
    [[nodiscard]] Stream scan(const ScanRequest& request) const {
        wire::Scan message;
        write_message(request, message);
        std::string frames;
        append_message_frame(FrameKind::kHello, make_hello("backend"), frames);
        append_message_frame(FrameKind::kScan, message, frames);
        Stream peer = connect();
        peer.send_bytes(frames);
        return peer;
    }
    /// The exit code, or 128 + signal, once it has ended.
    [[nodiscard]] int wait() {
        wait_readable(pidfd_);
        int status = 0;
        waitpid(pid_, &status, 0);
        exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return *exit_code_;
    }

  private:
    void start(const std::vector<std::string>& more_arguments, int control) {
        std::vector<std::string> words{example_executable(), "--socket", socket_path_, "--name",
                                       "example"};
        words.insert(words.end(), more_arguments.begin(), more_arguments.end());
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, control, 3);
        const int failed =
            posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (failed != 0) {
            throw std::runtime_error("could not start " + words[0] + ": " + std::strerror(failed));
        }
        pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    }

    std::string folder_;
    std::string socket_path_;
    Stream control_;
    pid_t pid_ = -1;
    int pidfd_ = -1;
    std::uint64_t last_id_ = 0;
    std::optional<int> exit_code_;
};

} // namespace penstock::testing
