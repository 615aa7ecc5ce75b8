#pragma once

#include "penstock/types/value.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock::system {

/// One line of /proc/net/{tcp,tcp6,udp,udp6}. Source: proc_pid_net(5).
struct SocketLine {
    Inet address; ///< local; prefix length 32 or 128
    std::int64_t port = 0;
    int state = 0; ///< 0x0A = listening (TCP), 0x07 = no peer (UDP)
    std::int64_t uid = 0;
    std::int64_t inode = 0;
};

/// Nothing for the headline and for lines that are cut short.
[[nodiscard]] std::optional<SocketLine> parse_socket_line(std::string_view line);

} // namespace penstock::system
