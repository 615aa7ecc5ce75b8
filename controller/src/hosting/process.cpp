#include "hosting/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
// glibc 2.36 declares its functions without extern "C".
extern "C" {
#include <sys/pidfd.h>
}

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace penstock::hosting {

namespace {

constexpr int kControlFd = 3;

/// What a plugin may inherit. Everything else could be a password (PGPASSWORD, tokens).
constexpr std::array<const char*, 16> kEnvironmentNames = {
    "PATH",       "HOME",        "USER",         "LOGNAME",      "LANG",     "LC_ALL",
    "LC_CTYPE",   "TZ",          "TMPDIR",       "http_proxy",   "no_proxy", "https_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "SSL_CERT_DIR", "SSL_CERT_FILE"};

/// Retryable: for want of descriptors, memory or processes.
Error system_error(const std::string& what, int number) {
    Error error =
        Error::make(ErrorKind::kUnavailable, what + ": " + std::generic_category().message(number));
    error.retryable = number == EMFILE || number == ENFILE || number == ENOMEM || number == EAGAIN;
    return error;
}

struct FileActions {
    posix_spawn_file_actions_t actions{};
    FileActions() { posix_spawn_file_actions_init(&actions); }
    ~FileActions() { posix_spawn_file_actions_destroy(&actions); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
};

struct Attributes {
    posix_spawnattr_t attributes{};
    Attributes() {
        posix_spawnattr_init(&attributes);
        sigset_t all;
        sigset_t none;
        sigfillset(&all);
        sigemptyset(&none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                  POSIX_SPAWN_SETSID);
    }
    ~Attributes() { posix_spawnattr_destroy(&attributes); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
};

std::vector<std::string> clean_environment() {
    std::vector<std::string> environment;
    for (const char* name : kEnvironmentNames) {
        if (const char* value = std::getenv(name); value != nullptr) {
            environment.push_back(std::string(name) + "=" + value);
        }
    }
    return environment;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (std::string& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

void limit_resources(pid_t pid, std::optional<std::int64_t> memory_max_mb) {
    // A core file would hold every secret that the plugin was given.
    const rlimit no_core{0, 0};
    prlimit(pid, RLIMIT_CORE, &no_core, nullptr);
    if (memory_max_mb) {
        const auto bytes = static_cast<rlim_t>(*memory_max_mb) << 20U;
        const rlimit memory{bytes, bytes};
        prlimit(pid, RLIMIT_DATA, &memory, nullptr);
    }
}

/// Both ends of the two channels, all close-on-exec.
struct Channels {
    OwnedFd control;
    OwnedFd control_of_child;
    OwnedFd output;
    OwnedFd output_of_child;
};

Result<Channels> open_channels() {
    std::array<int, 2> control{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control.data()) != 0) {
        return system_error("could not create a socket pair", errno);
    }
    Channels channels;
    channels.control.reset(control[0]);
    channels.control_of_child.reset(control[1]);
    std::array<int, 2> output{};
    if (pipe2(output.data(), O_CLOEXEC) != 0) {
        return system_error("could not create a pipe", errno);
    }
    channels.output.reset(output[0]);
    channels.output_of_child.reset(output[1]);
    // Only our ends: the child's share neither the flag nor the fate.
    fcntl(channels.control.get(), F_SETFL, O_NONBLOCK);
    fcntl(channels.output.get(), F_SETFL, O_NONBLOCK);
    return channels;
}

Result<pid_t> spawn_with(const Channels& channels, const std::string& executable,
                         const std::vector<std::string>& arguments) {
    FileActions files;
    posix_spawn_file_actions_addopen(&files.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files.actions, channels.output_of_child.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files.actions, channels.output_of_child.get(), STDERR_FILENO);
    // Last: it may overwrite one of the descriptors above.
    posix_spawn_file_actions_adddup2(&files.actions, channels.control_of_child.get(), kControlFd);
    posix_spawn_file_actions_addclosefrom_np(&files.actions, kControlFd + 1);
    const Attributes attributes;

    std::vector<std::string> words{executable};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> environment = clean_environment();
    pid_t pid = 0;
    const int failure =
        posix_spawn(&pid, executable.c_str(), &files.actions, &attributes.attributes,
                    pointers_to(words).data(), pointers_to(environment).data());
    if (failure != 0) {
        return system_error("could not start \"" + executable + "\"", failure);
    }
    return pid;
}

} // namespace

void OwnedFd::reset(int fd) noexcept {
    if (fd_ >= 0) {
        close(fd_);
    }
    fd_ = fd;
}

std::string ProcessEnd::to_text() const {
    if (!was_signalled) {
        return "exited with code " + std::to_string(code);
    }
    const char* description = sigdescr_np(code);
    return "was ended by signal " + std::to_string(code) + " (" +
           (description != nullptr ? description : "unknown") + ")";
}

Result<Process> Process::spawn(const std::string& executable,
                               const std::vector<std::string>& arguments,
                               std::optional<std::int64_t> memory_max_mb) {
    Result<Channels> channels = open_channels();
    if (!channels.ok()) {
        return channels.error();
    }
    const Result<pid_t> pid = spawn_with(channels.value(), executable, arguments);
    if (!pid.ok()) {
        return pid.error();
    }
    limit_resources(pid.value(), memory_max_mb);
    OwnedFd pid_fd(pidfd_open(pid.value(), 0));
    if (pid_fd.get() < 0) {
        const Error error = system_error("could not watch the process", errno);
        kill(-pid.value(), SIGKILL);
        waitpid(pid.value(), nullptr, 0);
        return error;
    }
    return Process(pid.value(), std::move(pid_fd), std::move(channels->control),
                   std::move(channels->output));
}

Process::~Process() {
    if (pid_fd_.get() >= 0) {
        signal_group(SIGKILL);
        reap();
    }
}

void Process::signal_group(int signal_number) const noexcept {
    if (pid_fd_.get() >= 0) {
        kill(-pid_, signal_number);
    }
}

ProcessEnd Process::reap() {
    siginfo_t info{};
    const auto wait_for = [this, &info](int extra) {
        while (waitid(P_PIDFD, static_cast<id_t>(pid_fd_.get()), &info, WEXITED | extra) != 0 &&
               errno == EINTR) {
        }
    };
    // The zombie keeps the group's number ours, so this cannot hit a stranger.
    wait_for(WNOWAIT);
    signal_group(SIGKILL);
    wait_for(0);
    pid_fd_.reset(-1);
    return ProcessEnd{info.si_code != CLD_EXITED, info.si_status};
}

} // namespace penstock::hosting
