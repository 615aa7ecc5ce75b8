#include "service/lock.hpp"

#include "penstock/types/error.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace penstock::service {

namespace {

std::string read_pid(int fd) {
    std::array<char, 32> text{};
    const ssize_t bytes = pread(fd, text.data(), text.size(), 0);
    std::string pid(text.data(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    return pid.substr(0, pid.find('\n'));
}

Exception failure(const std::filesystem::path& file, int number) {
    return {ErrorKind::kPermission, "could not write \"" + file.string() +
                                        "\": " + std::generic_category().message(number)};
}

} // namespace

ServiceLock::ServiceLock(const std::filesystem::path& file)
    : fd_(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (fd_ < 0) {
        throw failure(file, errno);
    }
    if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        const std::string pid = read_pid(fd_);
        close(fd_);
        throw Exception(ErrorKind::kLimit,
                        "the service is already running" +
                            (pid.empty() ? std::string() : " (process " + pid + ")"),
                        "It holds the lock on \"" + file.string() + "\".");
    }
    const std::string pid = std::to_string(getpid()) + "\n";
    if (ftruncate(fd_, 0) != 0 ||
        pwrite(fd_, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        const int number = errno;
        close(fd_);
        throw failure(file, number);
    }
}

ServiceLock::~ServiceLock() {
    close(fd_);
}

} // namespace penstock::service
