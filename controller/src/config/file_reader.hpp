#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace penstock::config {

/// Files longer than this are refused: no hand-written configuration is, and all of it is kept.
inline constexpr std::size_t kMaxFileBytes = 1024UL * 1024;

/// What tells one state of a file from another. Never compared as "newer": clocks jump.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t bytes = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    unsigned mode = 0; ///< permission bits
    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

struct FileContent {
    FileIdentity identity;
    std::string text;
    bool is_absent = false;   ///< there is no directory entry
    bool is_changing = false; ///< somebody wrote while it was read: `text` may be half
    /// The file changed so recently that a second change could carry the same times.
    bool is_racy = false;
    /// The error is of this process or system, not of the file: looking again may help.
    bool is_shortage = false;
    /// Why it cannot be used, e.g. "Permission denied"; nothing else is valid then but `identity`.
    std::optional<std::string> error;
};

/// Reads a regular file, or what a symbolic link to one points at, of at most kMaxFileBytes.
/// Opened without blocking: a FIFO or device is refused, never waited for. Never throws.
[[nodiscard]] FileContent read_regular_file(const std::string& path);

/// The same without reading. `text` stays empty.
[[nodiscard]] FileContent look_at_file(const std::string& path);

/// Whether that errno means too few descriptors or too little memory.
[[nodiscard]] bool is_shortage(int error_number) noexcept;

} // namespace penstock::config
