#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock::system {

/// One line of /proc/self/mountinfo. Source: proc_pid_mountinfo(5).
struct MountLine {
    std::string path;   ///< where it is mounted; escapes resolved
    std::string device; ///< what is mounted
    std::string type;   ///< of the file system
    std::vector<std::string> options;
};

/// Lines that are cut short are left out.
[[nodiscard]] std::vector<MountLine> parse_mountinfo(std::string_view text);

/// Can its size be asked without asking another machine or another program?
[[nodiscard]] bool is_local_file_system(std::string_view type) noexcept;

} // namespace penstock::system
