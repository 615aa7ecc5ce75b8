#pragma once

#include "penstock/types/result.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace penstock::hosting {

/// An open file descriptor; closes it.
class OwnedFd {
  public:
    OwnedFd() = default;
    explicit OwnedFd(int fd) : fd_(fd) {}
    OwnedFd(OwnedFd&& other) noexcept : fd_(other.release()) {}
    OwnedFd& operator=(OwnedFd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    OwnedFd(const OwnedFd&) = delete;
    OwnedFd& operator=(const OwnedFd&) = delete;
    ~OwnedFd() { reset(-1); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd) noexcept;

  private:
    int fd_ = -1;
};

/// How a process ended.
struct ProcessEnd {
    bool was_signalled = false;
    int code = 0; ///< exit code, or the signal's number
    /// "exited with code 3", "was ended by signal 9 (Killed)".
    [[nodiscard]] std::string to_text() const;
};

/// One child process: leader of a session and process group of its own.
///
/// Standard input is /dev/null, output and error one pipe, descriptor 3 the control socket, nothing
/// else is open; signals are as for a fresh program; the environment is a short list of names that
/// carry no secrets. The control socket is also the lifeline: when this process dies, however that
/// happens, the child reads its end.
class Process {
  public:
    /// Limits are set right after the start. Errors: kUnavailable with the system's reason.
    [[nodiscard]] static Result<Process> spawn(const std::string& executable,
                                               const std::vector<std::string>& arguments,
                                               std::optional<std::int64_t> memory_max_mb);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    Process(Process&&) noexcept = default;
    Process& operator=(Process&&) = delete;
    /// Kills the whole group, without a wish or a wait, when it has not been reaped.
    ~Process();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    /// Readable once the process has ended; stays ours.
    [[nodiscard]] int pid_fd() const noexcept { return pid_fd_.get(); }
    /// Our ends, to be taken over by the event loop; non-blocking. Each can be taken once.
    [[nodiscard]] OwnedFd take_control() noexcept { return std::move(control_); }
    [[nodiscard]] OwnedFd take_output() noexcept { return std::move(output_); }

    /// To every process of the group.
    void signal_group(int signal_number) const noexcept;
    /// Collects the end of a process that has ended, and kills what it left behind in its group.
    /// Waits when it has not ended yet.
    ProcessEnd reap();

  private:
    Process(pid_t pid, OwnedFd pid_fd, OwnedFd control, OwnedFd output)
        : pid_(pid), pid_fd_(std::move(pid_fd)), control_(std::move(control)),
          output_(std::move(output)) {}

    pid_t pid_;
    OwnedFd pid_fd_; ///< closed = reaped, or moved from
    OwnedFd control_;
    OwnedFd output_;
};

} // namespace penstock::hosting
