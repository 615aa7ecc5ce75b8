#include "config/file_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

namespace penstock::config {

namespace {

/// File times have the granularity of the kernel's tick and of some file systems' seconds.
constexpr std::int64_t kRacyNs = 2'000'000'000;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::string reason(int error_number) {
    return std::generic_category().message(error_number);
}

std::int64_t ns_of(const timespec& time) noexcept {
    return time.tv_sec * kNsPerSecond + time.tv_nsec;
}

FileIdentity identity_of(const struct stat& status) noexcept {
    return {.device = status.st_dev,
            .inode = status.st_ino,
            .bytes = status.st_size,
            .modified_ns = ns_of(status.st_mtim),
            .changed_ns = ns_of(status.st_ctim),
            .mode = static_cast<unsigned>(status.st_mode) & 07777U};
}

/// Changed just now, or in the future of this clock.
bool is_recent(const struct stat& status) noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return ns_of(status.st_ctim) + kRacyNs > ns_of(now);
}

/// Why a file of this status cannot be read as configuration; nothing when it can.
std::optional<std::string> refusal(const struct stat& status) {
    if (!S_ISREG(status.st_mode)) {
        return "not a regular file";
    }
    if (static_cast<std::size_t>(status.st_size) > kMaxFileBytes) {
        return "larger than 1 MiB";
    }
    return std::nullopt;
}

FileContent failed(const std::string& path) {
    FileContent content;
    const int cause = errno;
    struct stat entry{};
    content.is_shortage = is_shortage(cause);
    content.is_absent = cause == ENOENT && ::lstat(path.c_str(), &entry) != 0;
    content.error = cause == ENOENT && !content.is_absent ? "the symbolic link points at nothing"
                                                          : reason(cause);
    return content;
}

/// Reads to the end, at most one byte past the limit. Returns: errno, 0 when all is well.
int read_all(int descriptor, std::string& text) {
    text.resize(kMaxFileBytes + 1);
    std::size_t filled = 0;
    while (filled < text.size()) {
        const ssize_t count = ::read(descriptor, text.data() + filled, text.size() - filled);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return errno;
        }
        if (count == 0) {
            break;
        }
        filled += static_cast<std::size_t>(count);
    }
    text.resize(filled);
    text.shrink_to_fit();
    return 0;
}

FileContent read_open(int descriptor) {
    FileContent content;
    struct stat before{};
    ::fstat(descriptor, &before);
    content.identity = identity_of(before);
    content.error = refusal(before);
    if (content.error) {
        return content;
    }
    if (const int cause = read_all(descriptor, content.text); cause != 0) {
        content.is_shortage = is_shortage(cause);
        content.error = reason(cause);
        return content;
    }
    struct stat after{};
    ::fstat(descriptor, &after);
    content.is_changing = identity_of(after) != content.identity ||
                          content.text.size() != static_cast<std::size_t>(before.st_size);
    content.is_racy = is_recent(before);
    return content;
}

} // namespace

bool is_shortage(int error_number) noexcept {
    return error_number == EMFILE || error_number == ENFILE || error_number == ENOMEM;
}

FileContent read_regular_file(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0) {
        return failed(path);
    }
    FileContent content = read_open(descriptor);
    ::close(descriptor);
    return content;
}

FileContent look_at_file(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        return failed(path);
    }
    FileContent content;
    content.identity = identity_of(status);
    content.error = refusal(status);
    content.is_racy = is_recent(status);
    return content;
}

} // namespace penstock::config
