#include "service/installation_key.hpp"

#include "cluster/file_descriptor.hpp"
#include "penstock/types/error.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace fs = std::filesystem;

namespace penstock::service {

namespace {

constexpr std::size_t kKeyBytes = 16;

Exception failure(const char* what, const fs::path& file) {
    const int number = errno;
    return {ErrorKind::kPermission, std::string("could not ") + what + " file \"" + file.string() +
                                        "\": " + std::generic_category().message(number)};
}

/// Returns: the content when it has the length of a key, else an empty text.
std::string read_key(const fs::path& file) {
    const cluster::FileDescriptor fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) {
        if (errno == ENOENT) {
            return {};
        }
        throw failure("open", file);
    }
    std::string key(kKeyBytes + 1, '\0');
    const ssize_t bytes = read(fd.get(), key.data(), key.size());
    if (bytes < 0) {
        throw failure("read", file);
    }
    key.resize(static_cast<std::size_t>(bytes));
    return key.size() == kKeyBytes ? key : std::string();
}

/// Renamed into place, so that a crash leaves a whole key or none.
void write_key(const fs::path& file, const std::string& key) {
    const std::string fresh = file.string() + ".new";
    const cluster::FileDescriptor fd(
        open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    const bool is_written =
        fd && fchmod(fd.get(), 0600) == 0 &&
        write(fd.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
        fsync(fd.get()) == 0 && rename(fresh.c_str(), file.c_str()) == 0;
    if (!is_written) {
        throw failure("write", file);
    }
}

} // namespace

std::string installation_key(const fs::path& file) {
    std::string key = read_key(file);
    if (key.empty()) {
        key.resize(kKeyBytes);
        if (getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) {
            throw failure("get random bytes for", file);
        }
        write_key(file, key);
    }
    return key;
}

} // namespace penstock::service
