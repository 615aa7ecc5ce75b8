#include "cli/daemon.hpp"

#include "cluster/child.hpp"
#include "penstock/types/error.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace penstock::cli {
namespace {

using namespace std::chrono_literals;
using cluster::FileDescriptor;
using cluster::open_process;
using cluster::wait_for_end;

constexpr auto kLockLimit = 60s;
constexpr auto kStartLimit = 30s;
constexpr auto kPollInterval = 50ms;
constexpr int kTerminateMs = 15'000; // plugins get 5 s + 4 s of it
constexpr int kKillMs = 5'000;
constexpr std::size_t kShownLogLines = 15;

void send_signal(const FileDescriptor& process, int signal, pid_t pid) {
    if (::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) != 0 &&
        errno != ESRCH) {
        throw Exception(ErrorKind::kUnavailable, "could not stop penstockd, process " +
                                                     std::to_string(pid) + ": " +
                                                     std::strerror(errno));
    }
}

} // namespace

std::filesystem::path program_folder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::filesystem::path default_plugin_folder() {
    return program_folder().parent_path() / "lib" / "penstock" / "plugins";
}

std::optional<pid_t> lock_holder(const std::filesystem::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) {
        return std::nullopt;
    }
    // "1: FLOCK  ADVISORY  WRITE 26317 fe:00:9978133 0 EOF"; lines of waiters have "->". The device
    // is left out of the comparison: on layered file systems it is another than stat's.
    const std::string inode = ":" + std::to_string(status.st_ino);
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
        std::istringstream fields(line);
        std::string number;
        std::string kind;
        std::string mode;
        std::string access;
        pid_t pid = 0;
        std::string place;
        fields >> number >> kind >> mode >> access >> pid >> place;
        if (fields && pid > 0 && place.size() > inode.size() &&
            place.compare(place.size() - inode.size(), inode.size(), inode) == 0) {
            return pid;
        }
    }
    return std::nullopt;
}

ServiceLock::ServiceLock(const cluster::Home& home) {
    const std::filesystem::path file = home.internal() / "service.lock";
    file_ = FileDescriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file_) {
        throw Exception(ErrorKind::kPermission,
                        "could not open file \"" + file.string() + "\": " + std::strerror(errno));
    }
    const auto deadline = std::chrono::steady_clock::now() + kLockLimit;
    while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
        if (std::chrono::steady_clock::now() > deadline) {
            const std::optional<pid_t> holder = lock_holder(file);
            throw Exception(ErrorKind::kUnavailable,
                            "another \"penstock service\" command is at work on \"" +
                                home.root.string() + "\"",
                            holder ? "It is process " + std::to_string(*holder) + "." : "");
        }
        std::this_thread::sleep_for(kPollInterval);
    }
}

Daemon::Daemon(cluster::Home home) : home_(std::move(home)) {}

std::optional<pid_t> Daemon::running() const {
    return lock_holder(lock_file());
}

std::string Daemon::log_of_start() const {
    return cluster::tail_of(log_file(), log_start_, kShownLogLines);
}

void Daemon::start(const std::vector<std::string>& arguments) {
    std::error_code ignored;
    const std::uintmax_t bytes = std::filesystem::file_size(log_file(), ignored);
    log_start_ = ignored ? 0 : bytes;
    const pid_t child = cluster::spawn_detached(arguments, log_file());
    const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
    while (running() != child) {
        if (::waitpid(child, nullptr, WNOHANG) == child) {
            throw Exception(ErrorKind::kUnavailable, "penstockd ended while it started",
                            log_of_start(), "The whole log is in \"" + log_file().string() + "\".");
        }
        if (std::chrono::steady_clock::now() > deadline) {
            ::kill(child, SIGKILL); // our own child, not yet reaped: the number is still its
            ::waitpid(child, nullptr, 0);
            throw Exception(ErrorKind::kUnavailable, "penstockd does not get ready", log_of_start(),
                            "The whole log is in \"" + log_file().string() + "\".");
        }
        std::this_thread::sleep_for(kPollInterval);
    }
}

bool Daemon::stop() {
    const std::optional<pid_t> pid = running();
    if (!pid) {
        return false;
    }
    const FileDescriptor process = open_process(*pid);
    // Looked at again with the process pinned: from here on the number cannot mean another one.
    const std::optional<pid_t> holder = running();
    if (!holder) {
        return true; // it ended by itself in between
    }
    if (!process || holder != pid) {
        throw Exception(ErrorKind::kUnavailable,
                        "process " + std::to_string(*pid) + " took the lock \"" +
                            lock_file().string() + "\" and left it to another",
                        {}, "Find the holder with: lsof '" + lock_file().string() + "'");
    }
    send_signal(process, SIGTERM, *pid);
    if (!wait_for_end(process, kTerminateMs)) {
        send_signal(process, SIGKILL, *pid);
        if (!wait_for_end(process, kKillMs)) {
            throw Exception(ErrorKind::kUnavailable,
                            "penstockd, process " + std::to_string(*pid) + ", does not end");
        }
    }
    return true;
}

} // namespace penstock::cli
