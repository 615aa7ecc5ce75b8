#pragma once

#include "system/unique_fd.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What /proc says of processes.
namespace penstock::system {

/// The line of /proc/<pid>/stat, as far as it is shown. Source: proc(5).
struct ProcessStat {
    std::string name; ///< up to 15 bytes, any bytes: blanks, parentheses, line ends
    char state = '?';
    std::int64_t ppid = 0;
    std::int64_t cpu_ticks = 0; ///< user and system time, in 1/sysconf(_SC_CLK_TCK) s
    std::int64_t threads = 0;
    std::int64_t start_ticks = 0; ///< after boot
    std::int64_t vsz_bytes = 0;
    std::int64_t rss_pages = 0;
};

/// Nothing for a text that is not such a line.
[[nodiscard]] std::optional<ProcessStat> parse_stat(std::string_view text);

/// The words of /proc/<pid>/cmdline: each ends with a NUL byte.
[[nodiscard]] std::vector<std::string> parse_cmdline(std::string_view text);

/// The group in the unified hierarchy, or that of systemd where there is none; from
/// /proc/<pid>/cgroup.
[[nodiscard]] std::optional<std::string> parse_cgroup(std::string_view text);

/// An open /proc/<pid>: all reads are of the same process, even when its number is used again.
class ProcessFolder {
  public:
    /// Nothing when there is no such process (any more).
    [[nodiscard]] static std::optional<ProcessFolder> open(std::int64_t pid);

    /// A file of it; nothing when we may not read it or the process has gone.
    [[nodiscard]] std::optional<std::string> read(const char* file) const;
    /// Where a link of it points to; nothing as above, and for kernel threads.
    [[nodiscard]] std::optional<std::string> link(const std::string& name) const;
    /// Calls `visit(fd number, what it points to)` for each open file. None when not permitted.
    void for_each_fd(const std::function<void(int, const std::string&)>& visit) const;

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    /// A read found the process gone.
    [[nodiscard]] bool has_vanished() const noexcept { return has_vanished_; }

  private:
    explicit ProcessFolder(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
    mutable bool has_vanished_ = false;
};

/// The processes there are now, in ascending order.
[[nodiscard]] std::vector<std::int64_t> list_pids();

/// When the kernel started, in seconds since 1970; nothing when /proc/stat does not say.
[[nodiscard]] std::optional<std::int64_t> boot_unix_seconds();

} // namespace penstock::system
