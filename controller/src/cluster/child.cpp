#include "cluster/child.hpp"

#include "penstock/types/error.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <fstream>

namespace penstock::cluster {
namespace {

constexpr std::size_t kMaxOutputBytes = 64 * 1024;

/// posix_spawn's two attribute objects, which need destroying.
struct SpawnPlan {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};

    SpawnPlan(int output, short flags) {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions, output, 1);
        ::posix_spawn_file_actions_adddup2(&actions, output, 2);
        ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
        ::posix_spawnattr_init(&attributes);
        sigset_t none;
        sigemptyset(&none);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        sigset_t changed;
        sigemptyset(&changed);
        sigaddset(&changed, SIGPIPE);
        sigaddset(&changed, SIGINT);
        ::posix_spawnattr_setsigdefault(&attributes, &changed);
        ::posix_spawnattr_setflags(&attributes, static_cast<short>(flags | POSIX_SPAWN_SETSIGMASK |
                                                                   POSIX_SPAWN_SETSIGDEF));
    }
    ~SpawnPlan() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
};

pid_t spawn(const std::vector<std::string>& arguments, int output, short flags) {
    const SpawnPlan plan(output, flags);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str())); // NOLINT: posix_spawn's signature
    }
    argv.push_back(nullptr);
    pid_t pid = 0;
    const int error =
        ::posix_spawn(&pid, argv[0], &plan.actions, &plan.attributes, argv.data(), environ);
    if (error != 0) {
        throw Exception(ErrorKind::kNotFound, "could not run program \"" + arguments.front() +
                                                  "\": " + std::strerror(error));
    }
    return pid;
}

std::string read_output(int descriptor) {
    std::string output(kMaxOutputBytes, '\0');
    const ssize_t count = ::pread(descriptor, output.data(), output.size(), 0);
    output.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return output;
}

int wait_for(pid_t pid, std::chrono::milliseconds limit) {
    const FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    pollfd wanted{process.get(), POLLIN, 0};
    const auto deadline = std::chrono::steady_clock::now() + limit;
    int ready = -1;
    do {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        ready = ::poll(&wanted, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) {
        ::kill(pid, SIGKILL); // our own child, not yet reaped: the number is still its
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (ready == 0) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

Outcome run_program(const std::vector<std::string>& arguments, std::chrono::milliseconds limit) {
    const FileDescriptor output(::memfd_create("penstock-output", MFD_CLOEXEC));
    const pid_t pid = spawn(arguments, output.get(), 0);
    const int exit_code = wait_for(pid, limit);
    return {exit_code, read_output(output.get())};
}

pid_t spawn_detached(const std::vector<std::string>& arguments,
                     const std::filesystem::path& log_file) {
    const FileDescriptor log(
        ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!log) {
        throw Exception(ErrorKind::kPermission, "could not open log file \"" + log_file.string() +
                                                    "\": " + std::strerror(errno));
    }
    return spawn(arguments, log.get(), POSIX_SPAWN_SETSID);
}

FileDescriptor open_process(pid_t pid) {
    return FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

bool wait_for_end(const FileDescriptor& process, int limit_ms) {
    pollfd wanted{process.get(), POLLIN, 0};
    return ::poll(&wanted, 1, limit_ms) == 1;
}

std::string tail_of(const std::filesystem::path& file, std::uintmax_t from, std::size_t lines) {
    std::ifstream stream(file);
    stream.seekg(static_cast<std::streamoff>(from));
    std::deque<std::string> kept;
    for (std::string line; std::getline(stream, line);) {
        kept.push_back(line);
        if (kept.size() > lines) {
            kept.pop_front();
        }
    }
    std::string text;
    for (const std::string& line : kept) {
        text += (text.empty() ? "" : "\n") + line;
    }
    return text;
}

} // namespace penstock::cluster
