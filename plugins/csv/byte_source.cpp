#include "csv/byte_source.hpp"

#include "csv/gzip_source.hpp"
#include "penstock/types/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>
#include <utility>

namespace penstock::csv {

namespace {

constexpr mode_t kFileTypeMask = S_IFMT;

std::string user_name() {
    std::array<char, 4096> space{};
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(geteuid(), &entry, space.data(), space.size(), &found) == 0 &&
        found != nullptr) {
        return found->pw_name;
    }
    return std::to_string(geteuid());
}

[[noreturn]] void throw_system_error(const std::string& action, const std::string& path, int code) {
    Error error = Error::make(ErrorKind::kRemote,
                              "could not " + action + " file \"" + path +
                                  "\": " + std::strerror(code)); // NOLINT(concurrency-mt-unsafe)
    if (code == ENOENT || code == ENOTDIR) {
        error.kind = ErrorKind::kNotFound;
        error.sqlstate = "58P01";
    } else if (code == EACCES || code == EPERM) {
        error.kind = ErrorKind::kPermission;
        error.hint = "The plugin runs as user \"" + user_name() +
                     "\", who must be able to read the file and to enter its folders.";
    }
    throw Exception(std::move(error));
}

/// What a file that is not regular is called.
struct FileType {
    mode_t type;
    const char* name;
};
constexpr std::array kFileTypes{
    FileType{S_IFDIR, "a directory"},    FileType{S_IFIFO, "a named pipe"},
    FileType{S_IFSOCK, "a socket"},      FileType{S_IFCHR, "a character device"},
    FileType{S_IFBLK, "a block device"},
};

void require_regular(const std::string& path, const struct stat& status) {
    for (const FileType& type : kFileTypes) {
        if ((status.st_mode & kFileTypeMask) == type.type) {
            throw Exception(ErrorKind::kData, "\"" + path + "\" is " + type.name,
                            "Only regular files can be read as CSV.",
                            type.type == S_IFDIR
                                ? "Give a pattern for the files in it, such as \"" + path +
                                      "/*.csv\"."
                                : "");
        }
    }
}

class FileDescriptor {
  public:
    explicit FileDescriptor(int number) noexcept : number_(number) {}
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    [[nodiscard]] int number() const noexcept { return number_; }

  private:
    int number_;
};

class PlainSource final : public ByteSource {
  public:
    PlainSource(std::string path, std::unique_ptr<FileDescriptor> file, std::uint64_t start,
                std::uint64_t end)
        : path_(std::move(path)), file_(std::move(file)), start_(start), at_(start), end_(end) {}

    std::size_t read(std::span<char> room) override {
        const std::size_t wanted = std::min<std::uint64_t>(room.size(), end_ - at_);
        if (wanted == 0) {
            return 0;
        }
        ssize_t got = 0;
        do {
            got = ::pread(file_->number(), room.data(), wanted, static_cast<off_t>(at_));
        } while (got < 0 && errno == EINTR);
        if (got < 0) {
            throw_system_error("read", path_, errno);
        }
        if (got == 0) {
            throw Exception(ErrorKind::kRemote, "file \"" + path_ + "\" was cut while it was read",
                            "It had " + std::to_string(end_) + " bytes at first and has " +
                                std::to_string(at_) + " now.",
                            "Run the query again.");
        }
        at_ += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
    }
    [[nodiscard]] std::uint64_t source_bytes() const noexcept override { return at_ - start_; }

  private:
    std::string path_;
    std::unique_ptr<FileDescriptor> file_;
    std::uint64_t start_;
    std::uint64_t at_;
    std::uint64_t end_; ///< size of the file when it was opened
};

bool has_gzip_magic(int file) {
    std::array<unsigned char, 2> magic{};
    return ::pread(file, magic.data(), magic.size(), 0) == 2 && magic[0] == 0x1f &&
           magic[1] == 0x8b;
}

} // namespace

FileIdentity identity_of(const struct stat& status) noexcept {
    return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
            std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

OpenFile open_file(const std::string& path, std::uint64_t start) {
    // Without O_NONBLOCK a named pipe that nobody writes to would hang the scan.
    auto file = std::make_unique<FileDescriptor>(
        ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (file->number() < 0) {
        throw_system_error("open", path, errno);
    }
    struct stat status{};
    if (::fstat(file->number(), &status) != 0) {
        throw_system_error("stat", path, errno);
    }
    require_regular(path, status);
    OpenFile opened;
    opened.identity = identity_of(status);
    opened.is_compressed = has_gzip_magic(file->number());
    ::posix_fadvise(file->number(), 0, 0, POSIX_FADV_SEQUENTIAL);
    const auto bytes = opened.identity.bytes;
    opened.source =
        std::make_unique<PlainSource>(path, std::move(file), std::min(start, bytes), bytes);
    if (opened.is_compressed) {
        opened.source = make_gzip_source(path, std::move(opened.source));
    }
    return opened;
}

} // namespace penstock::csv
