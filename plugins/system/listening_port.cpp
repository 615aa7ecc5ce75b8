#include "system/plugin.hpp"
#include "system/proc.hpp"
#include "system/sockets.hpp"
#include "system/table_of.hpp"
#include "system/text.hpp"

#include <array>
#include <cstring>
#include <map>

namespace penstock::system {

namespace {

struct Protocol {
    const char* file;
    const char* name;
    int waiting_state;
};

constexpr std::array kProtocols = {
    Protocol{"/proc/net/tcp", "tcp", 0x0A},
    Protocol{"/proc/net/tcp6", "tcp", 0x0A},
    Protocol{"/proc/net/udp", "udp", 0x07},
    Protocol{"/proc/net/udp6", "udp", 0x07},
};

struct ListeningPort {
    const char* protocol;
    SocketLine socket;
    std::optional<std::int64_t> pid;
};

Value process_name(const ListeningPort& port) {
    const auto folder = port.pid ? ProcessFolder::open(*port.pid) : std::nullopt;
    const auto stat = folder ? parse_stat(folder->read("stat").value_or("")) : std::nullopt;
    return stat ? Value(printable(stat->name)) : Value();
}

const std::vector<ColumnOf<ListeningPort>>& columns() {
    static const std::vector<ColumnOf<ListeningPort>> list = {
        {column("protocol", TypeId::kText, "tcp or udp."),
         [](const ListeningPort& port) -> Value { return std::string(port.protocol); }},
        {column("address", TypeId::kInet, "Address it listens on; 0.0.0.0 or :: for all."),
         [](const ListeningPort& port) -> Value { return port.socket.address; }},
        {column("port", TypeId::kInt4, "Port number."),
         [](const ListeningPort& port) -> Value { return port.socket.port; }},
        {column("pid", TypeId::kInt8,
                "Process that has the socket, the lowest of several; NULL when we may "
                "not know it."),
         [](const ListeningPort& port) { return value_or_null(port.pid); }},
        {column("process_name", TypeId::kText, "Name of that process."), process_name},
        {column("uid", TypeId::kInt8, "User who opened the socket."),
         [](const ListeningPort& port) -> Value { return port.socket.uid; }},
    };
    return list;
}

void read_ports(const Protocol& protocol, std::vector<ListeningPort>& ports) {
    // A kernel without IPv6 has no such file.
    const std::string text = try_read_file(protocol.file).value_or("");
    for (const std::string_view line : split(text, '\n')) {
        const auto socket = parse_socket_line(line);
        if (socket && socket->state == protocol.waiting_state) {
            ports.push_back({protocol.name, *socket, std::nullopt});
        }
    }
}

/// The inode in "socket:[4711]".
std::optional<std::int64_t> socket_inode(std::string_view target) {
    constexpr std::string_view kPrefix = "socket:[";
    if (!target.starts_with(kPrefix) || !target.ends_with(']')) {
        return std::nullopt;
    }
    return to_integer(target.substr(kPrefix.size(), target.size() - kPrefix.size() - 1));
}

/// Which process has a socket: the kernel tells only the other way round.
std::map<std::int64_t, std::int64_t> pid_by_socket_inode(RowSink& sink) {
    std::map<std::int64_t, std::int64_t> owners;
    std::int64_t pid = 0;
    const auto note = [&](int /*fd*/, const std::string& target) {
        if (const auto inode = socket_inode(target)) {
            owners.try_emplace(*inode, pid);
        }
    };
    for (const std::int64_t each : list_pids()) {
        sink.check_cancelled();
        pid = each;
        if (const std::optional<ProcessFolder> folder = ProcessFolder::open(pid)) {
            folder->for_each_fd(note);
        }
    }
    return owners;
}

void list_ports(const ScanRequest& /*request*/, RowsOf<ListeningPort>& rows) {
    std::map<std::int64_t, std::int64_t> owners;
    if (rows.wants_any({"pid", "process_name"})) {
        owners = pid_by_socket_inode(rows.sink());
    }
    std::vector<ListeningPort> ports;
    for (const Protocol& protocol : kProtocols) {
        read_ports(protocol, ports);
    }
    for (ListeningPort& port : ports) {
        const auto owner = owners.find(port.socket.inode);
        if (owner != owners.end()) {
            port.pid = owner->second;
        }
        rows.add(port);
    }
}

/// "0100007F:1F90": words of 32 bits, each as the processor has it in memory, and the port.
bool parse_address(std::string_view text, SocketLine& socket) {
    constexpr std::size_t kWordDigits = 8;
    const std::size_t colon = text.find(':');
    if (colon != kWordDigits && colon != 4 * kWordDigits) {
        return false;
    }
    socket.address.is_v6 = colon != kWordDigits;
    socket.address.bits = socket.address.is_v6 ? 128 : 32;
    for (std::size_t i = 0; i < colon / kWordDigits; ++i) {
        const auto word = to_integer(text.substr(i * kWordDigits, kWordDigits), 16);
        if (!word) {
            return false;
        }
        const auto in_memory = static_cast<std::uint32_t>(*word);
        std::memcpy(socket.address.bytes.data() + i * sizeof(in_memory), &in_memory,
                    sizeof(in_memory));
    }
    const auto port = to_integer(text.substr(colon + 1), 16);
    socket.port = port.value_or(0);
    return port.has_value();
}

} // namespace

std::optional<SocketLine> parse_socket_line(std::string_view line) {
    constexpr std::size_t kLocal = 1;
    constexpr std::size_t kState = 3;
    constexpr std::size_t kUid = 7;
    constexpr std::size_t kInode = 9;
    const std::vector<std::string_view> fields = words(line);
    SocketLine socket;
    if (fields.size() <= kInode || !parse_address(fields[kLocal], socket)) {
        return std::nullopt;
    }
    const auto state = to_integer(fields[kState], 16);
    const auto uid = to_integer(fields[kUid]);
    const auto inode = to_integer(fields[kInode]);
    if (!state || !uid || !inode) {
        return std::nullopt;
    }
    socket.state = static_cast<int>(*state);
    socket.uid = *uid;
    socket.inode = *inode;
    return socket;
}

std::shared_ptr<Table> make_listening_port_table() {
    return std::make_shared<TableOf<ListeningPort>>(
        TableText{"system_listening_port",
                  "TCP ports that are listened on and UDP ports that are open, from /proc/net.", 30,
                  5},
        columns(), list_ports);
}

} // namespace penstock::system
