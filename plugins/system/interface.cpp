#include "system/plugin.hpp"
#include "system/table_of.hpp"
#include "system/text.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <ifaddrs.h>
#include <map>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>

namespace penstock::system {

namespace {

/// One address of one interface, or an interface without any.
struct InterfaceAddress {
    std::string name;
    unsigned flags = 0;
    std::optional<std::string> mac;
    std::optional<Inet> address;
};

struct FlagName {
    unsigned bit;
    const char* name;
};

constexpr std::array kFlags = {
    FlagName{IFF_UP, "up"},
    FlagName{IFF_BROADCAST, "broadcast"},
    FlagName{IFF_LOOPBACK, "loopback"},
    FlagName{IFF_POINTOPOINT, "pointtopoint"},
    FlagName{IFF_RUNNING, "running"},
    FlagName{IFF_NOARP, "noarp"},
    FlagName{IFF_PROMISC, "promisc"},
    FlagName{IFF_ALLMULTI, "allmulti"},
    FlagName{IFF_MULTICAST, "multicast"},
};

template <typename Address>
std::uint8_t prefix_bits(const Address& mask) {
    std::array<std::uint8_t, sizeof(Address)> bytes{};
    std::memcpy(bytes.data(), &mask, sizeof(mask));
    int bits = 0;
    for (const std::uint8_t byte : bytes) {
        bits += std::popcount(byte);
    }
    return static_cast<std::uint8_t>(bits);
}

/// The part of a socket address behind its family. Copied, because the alignment is not known.
template <typename Socket>
Socket as(const sockaddr* address) {
    Socket copy{};
    std::memcpy(&copy, address, sizeof(copy));
    return copy;
}

std::optional<Inet> inet_of(const ifaddrs& entry) {
    Inet inet;
    if (entry.ifa_addr->sa_family == AF_INET) {
        const in_addr address = as<sockaddr_in>(entry.ifa_addr).sin_addr;
        std::memcpy(inet.bytes.data(), &address, sizeof(address));
        if (entry.ifa_netmask != nullptr) {
            inet.bits = prefix_bits(as<sockaddr_in>(entry.ifa_netmask).sin_addr);
        }
        return inet;
    }
    if (entry.ifa_addr->sa_family == AF_INET6) {
        const in6_addr address = as<sockaddr_in6>(entry.ifa_addr).sin6_addr;
        std::memcpy(inet.bytes.data(), &address, sizeof(address));
        inet.is_v6 = true;
        inet.bits = entry.ifa_netmask == nullptr
                        ? 128
                        : prefix_bits(as<sockaddr_in6>(entry.ifa_netmask).sin6_addr);
        return inet;
    }
    return std::nullopt;
}

std::optional<std::string> mac_of(const ifaddrs& entry) {
    const auto link = as<sockaddr_ll>(entry.ifa_addr);
    if (link.sll_halen == 0 || link.sll_halen > sizeof(link.sll_addr)) {
        return std::nullopt;
    }
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (int i = 0; i < link.sll_halen; ++i) {
        text += text.empty() ? "" : ":";
        text += kDigits[link.sll_addr[i] >> 4U];
        text += kDigits[link.sll_addr[i] & 15U];
    }
    return text;
}

/// A number that the kernel keeps of an interface, e.g. "mtu" or "statistics/rx_bytes".
Value kernel_number(const InterfaceAddress& row, const char* file) {
    const auto text = try_read_file("/sys/class/net/" + row.name + "/" + file);
    return text ? value_or_null(to_integer(trim(*text))) : Value();
}

Value flags(const InterfaceAddress& row) {
    std::vector<std::string> names;
    for (const FlagName& flag : kFlags) {
        if ((row.flags & flag.bit) != 0) {
            names.emplace_back(flag.name);
        }
    }
    return names;
}

const std::vector<ColumnOf<InterfaceAddress>>& columns() {
    static const std::vector<ColumnOf<InterfaceAddress>> list = {
        {column("name", TypeId::kText, "Name of the interface."),
         [](const InterfaceAddress& row) -> Value { return printable(row.name); }},
        {column("address", TypeId::kInet,
                "One of its addresses with the prefix; NULL when it has none."),
         [](const InterfaceAddress& row) { return value_or_null(row.address); }},
        {column("mac", TypeId::kText, "Hardware address."),
         [](const InterfaceAddress& row) { return value_or_null(row.mac); }},
        {column("mtu", TypeId::kInt4, "Largest packet, in bytes."),
         [](const InterfaceAddress& row) { return kernel_number(row, "mtu"); }},
        {column("flags", TypeId::kTextArray,
                "up, broadcast, loopback, pointtopoint, running, noarp, promisc, "
                "allmulti, multicast."),
         flags},
        {column("rx_bytes", TypeId::kInt8, "Bytes received by the interface."),
         [](const InterfaceAddress& row) { return kernel_number(row, "statistics/rx_bytes"); }},
        {column("tx_bytes", TypeId::kInt8, "Bytes sent by the interface."),
         [](const InterfaceAddress& row) { return kernel_number(row, "statistics/tx_bytes"); }},
    };
    return list;
}

struct FreeAddresses {
    void operator()(ifaddrs* list) const { ::freeifaddrs(list); }
};

struct Interface {
    InterfaceAddress common;
    std::vector<Inet> addresses;
};

std::map<std::string, Interface> read_interfaces() {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) {
        throw_errno(errno, "list", "network interfaces");
    }
    const std::unique_ptr<ifaddrs, FreeAddresses> owner(first);
    std::map<std::string, Interface> interfaces;
    for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
        Interface& interface = interfaces[entry->ifa_name];
        interface.common.name = entry->ifa_name;
        interface.common.flags = entry->ifa_flags;
        if (entry->ifa_addr == nullptr) {
            continue;
        }
        if (entry->ifa_addr->sa_family == AF_PACKET) {
            interface.common.mac = mac_of(*entry);
        } else if (const auto address = inet_of(*entry)) {
            interface.addresses.push_back(*address);
        }
    }
    return interfaces;
}

void list_interfaces(const ScanRequest& /*request*/, RowsOf<InterfaceAddress>& rows) {
    for (auto& [name, interface] : read_interfaces()) {
        if (interface.addresses.empty()) {
            rows.add(interface.common);
        }
        for (const Inet& address : interface.addresses) {
            interface.common.address = address;
            rows.add(interface.common);
        }
    }
}

} // namespace

std::shared_ptr<Table> make_interface_table() {
    return std::make_shared<TableOf<InterfaceAddress>>(
        TableText{"system_interface", "Network interfaces: one row an address.", 10, 1}, columns(),
        list_interfaces);
}

} // namespace penstock::system
