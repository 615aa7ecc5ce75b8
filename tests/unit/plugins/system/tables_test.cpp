// The tables that ask little: invariants on what this machine says.
#include "machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace penstock::system {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

TEST(Tables, all_have_valid_schemas_and_descriptions) {
    Machine machine;
    const auto tables = machine.describe();
    EXPECT_EQ(tables.size(), 10U);
    for (const TableSchema& table : tables) {
        EXPECT_TRUE(check_schema(table).ok()) << table.name;
        EXPECT_TRUE(table.description.ends_with('.')) << table.name;
        for (const Column& column : table.columns) {
            EXPECT_FALSE(column.description.empty()) << table.name << "." << column.name;
        }
    }
}

TEST(Tables, give_as_many_rows_as_they_count) {
    Machine machine;
    for (const char* table : {"system_info", "system_user", "system_group", "system_mount",
                              "system_interface", "system_package"}) {
        EXPECT_EQ(machine.scan(table).size(), machine.count(table)) << table;
        EXPECT_GT(machine.count(table), 0U) << table;
    }
}

TEST(Info, agrees_with_the_kernel) {
    Machine machine;
    const auto rows = machine.scan("system_info", {"hostname", "kernel", "cpu_count",
                                                   "memory_bytes", "memory_available_bytes"});
    ASSERT_EQ(rows.size(), 1U);
    utsname kernel{};
    ::uname(&kernel);
    EXPECT_EQ(text(rows[0][0]), kernel.nodename);
    EXPECT_EQ(text(rows[0][1]), kernel.release);
    EXPECT_EQ(integer(rows[0][2]), ::sysconf(_SC_NPROCESSORS_ONLN));
    EXPECT_GE(integer(rows[0][3]), integer(rows[0][4]));
    EXPECT_GT(integer(rows[0][4]), 0);
}

TEST(Info, started_before_now) {
    Machine machine;
    const auto rows = machine.scan("system_info", {"boot_time", "uptime", "load_1"});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_LT(std::get<Timestamptz>(rows[0][0]).micros,
              Timestamptz::from_unix(::time(nullptr)).micros);
    EXPECT_GT(std::get<Interval>(rows[0][1]).micros, 0);
    EXPECT_GE(std::get<double>(rows[0][2]), 0.0);
}

TEST(UserTable, has_root_as_number_zero) {
    Machine machine;
    const auto rows = machine.scan("system_user", {"name", "uid", "home"});
    EXPECT_THAT(rows, Contains(ElementsAre(Value("root"), Value(std::int64_t{0}), Value("/root"))));
}

TEST(GroupTable, has_root_as_number_zero) {
    Machine machine;
    const auto rows = machine.scan("system_group", {"name", "gid"});
    EXPECT_THAT(rows, Contains(ElementsAre(Value("root"), Value(std::int64_t{0}))));
}

TEST(MountTable, has_the_root_and_proc) {
    Machine machine;
    const auto rows = machine.scan("system_mount", {"path", "type"});
    EXPECT_THAT(rows, Contains(ElementsAre(Value("/proc"), Value("proc"))));
    EXPECT_THAT(rows, Contains(ElementsAre(Value("/"), ::testing::_)));
}

TEST(MountTable, sizes_agree_with_the_file_system) {
    Machine machine;
    int sized = 0;
    for (const auto& row : machine.scan("system_mount", {"path", "size_bytes"})) {
        struct statvfs numbers{};
        if (is_null(row[1]) || ::statvfs(text(row[0]).c_str(), &numbers) != 0) {
            continue;
        }
        ++sized;
        EXPECT_EQ(integer(row[1]), static_cast<std::int64_t>(numbers.f_blocks * numbers.f_frsize))
            << text(row[0]);
    }
    EXPECT_GT(sized, 0);
}

TEST(InterfaceTable, has_the_loopback) {
    Machine machine;
    const auto rows = machine.scan("system_interface", {"name", "address", "flags", "rx_bytes"});
    const Inet local{false, 8, {127, 0, 0, 1}};
    EXPECT_THAT(rows, Contains(ElementsAre(
                          Value("lo"), Value(local), ::testing::Truly([](const Value& flags) {
                              const auto& names = std::get<std::vector<std::string>>(flags);
                              return std::ranges::find(names, "loopback") != names.end();
                          }),
                          Not(Value()))));
}

/// A socket of this process that waits on a port the kernel chose.
class Listener {
  public:
    explicit Listener(int kind) : fd_(::socket(AF_INET, kind | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
        if (kind == SOCK_STREAM) {
            EXPECT_EQ(::listen(fd_, 1), 0);
        }
        socklen_t size = sizeof(address);
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { ::close(fd_); }
    [[nodiscard]] std::int64_t port() const { return port_; }

  private:
    int fd_;
    std::int64_t port_ = 0;
};

TEST(ListeningPortTable, shows_our_sockets_with_our_pid) {
    const Listener stream(SOCK_STREAM);
    const Listener datagram(SOCK_DGRAM);
    Machine machine;
    const auto rows = machine.scan("system_listening_port", {"protocol", "address", "port", "pid"});
    const Inet local{false, 32, {127, 0, 0, 1}};
    const Value self = std::int64_t{getpid()};
    EXPECT_THAT(rows,
                Contains(ElementsAre(Value("tcp"), Value(local), Value(stream.port()), self)));
    EXPECT_THAT(rows,
                Contains(ElementsAre(Value("udp"), Value(local), Value(datagram.port()), self)));
}

TEST(ListeningPortTable, forgets_a_socket_that_is_closed) {
    std::int64_t port = 0;
    {
        const Listener stream(SOCK_STREAM);
        port = stream.port();
    }
    Machine machine;
    EXPECT_THAT(machine.scan("system_listening_port", {"protocol", "port"}),
                Not(Contains(ElementsAre(Value("tcp"), Value(port)))));
}

/// The Version line behind "Package: <name>" in dpkg's own file.
std::string version_in_status_file(const std::string& name) {
    std::ifstream file("/var/lib/dpkg/status");
    std::string line;
    bool is_inside = false;
    while (std::getline(file, line)) {
        is_inside = line == "Package: " + name || (is_inside && !line.empty());
        if (is_inside && line.starts_with("Version: ")) {
            return line.substr(9);
        }
    }
    return {};
}

TEST(PackageTable, agrees_with_dpkg) {
    Machine machine;
    const auto rows = machine.scan("system_package", {"name", "version", "status", "wanted"},
                                   {text_is("name", "libc-bin")});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_THAT(rows[0], ElementsAre(Value("libc-bin"), Value(version_in_status_file("libc-bin")),
                                     Value("installed"), Value("install")));
    EXPECT_GT(machine.count("system_package"), 50U);
}

TEST(PackageTable, separates_summary_and_description) {
    Machine machine;
    const auto rows =
        machine.scan("system_package", {"summary", "description", "installed_size_bytes"},
                     {text_is("name", "libc-bin")});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_THAT(text(rows[0][0]), Not(::testing::HasSubstr("\n")));
    EXPECT_FALSE(text(rows[0][1]).starts_with(' '));
    EXPECT_EQ(integer(rows[0][2]) % 1024, 0);
}

TEST(PackageTable, has_no_row_for_an_unknown_name) {
    Machine machine;
    EXPECT_EQ(machine.count("system_package", {text_is("name", "no-such-package")}), 0U);
}

} // namespace
} // namespace penstock::system
