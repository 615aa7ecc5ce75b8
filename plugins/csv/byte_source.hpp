#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <sys/stat.h>

namespace penstock::csv {

/// Where the bytes of a file come from, uncompressed.
class ByteSource {
  public:
    ByteSource() = default;
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;
    virtual ~ByteSource() = default;

    /// Fills `room` from the front. Returns the number of bytes; 0 = the end, and nothing else.
    /// Errors: throws Exception: what the system says, a file that was cut while it was read,
    /// damaged gzip.
    virtual std::size_t read(std::span<char> room) = 0;
    /// Bytes taken from the file itself: less than what was delivered when it is compressed.
    [[nodiscard]] virtual std::uint64_t source_bytes() const noexcept = 0;
};

/// What tells one state of a file from another.
struct FileIdentity {
    dev_t device = 0;
    ino_t inode = 0;
    std::uint64_t bytes = 0;
    std::int64_t modified_ns = 0;
    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

[[nodiscard]] FileIdentity identity_of(const struct stat& status) noexcept;

struct OpenFile {
    std::unique_ptr<ByteSource> source;
    FileIdentity identity;
    bool is_compressed = false;
};

/// Opens a regular file; gzip is recognised by its first bytes, not by its name. Reads up to the
/// size that the file has now, so a file that is being appended to ends somewhere.
///
/// `start` = first byte to read; only for files that are not compressed.
/// Errors: throws Exception: kNotFound (58P01), kPermission (names the user), kData for a
/// directory,
///         a pipe or a device, kRemote for anything else.
[[nodiscard]] OpenFile open_file(const std::string& path, std::uint64_t start = 0);

} // namespace penstock::csv
