#include "system/plugin.hpp"
#include "system/proc.hpp"
#include "system/table_of.hpp"
#include "system/text.hpp"

#include <cerrno>
#include <ctime>
#include <sys/utsname.h>
#include <unistd.h>

namespace penstock::system {

namespace {

/// Texts that columns are cut out of; small enough to be read at once.
struct Info {
    utsname kernel{};
    std::string memory = try_read_file("/proc/meminfo").value_or("");
    std::string load = try_read_file("/proc/loadavg").value_or("");
    std::string os_release = try_read_file("/etc/os-release").value_or("");
};

Value memory_bytes(const Info& info, const char* key) {
    const auto field = find_field(info.memory, key, ':');
    const auto parts = field ? words(*field) : std::vector<std::string_view>();
    const auto kibibytes = parts.empty() ? std::nullopt : to_integer(parts[0]);
    return kibibytes ? Value(*kibibytes * 1024) : Value();
}

Value load_average(const Info& info, std::size_t position) {
    const auto parts = words(trim(info.load));
    return parts.size() > position ? value_or_null(to_double(parts[position])) : Value();
}

Value os_name(const Info& info) {
    std::string_view name = find_field(info.os_release, "PRETTY_NAME", '=').value_or("");
    if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'')) {
        name = name.substr(1, name.size() - 2);
    }
    return text_or_null(name);
}

Value boot_time(const Info& /*info*/) {
    const auto seconds = boot_unix_seconds();
    return seconds ? Value(Timestamptz::from_unix(*seconds)) : Value();
}

Value uptime(const Info& /*info*/) {
    timespec now{};
    if (::clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
        return {};
    }
    return Interval{now.tv_sec * 1'000'000 + now.tv_nsec / 1'000};
}

const std::vector<ColumnOf<Info>>& columns() {
    static const std::vector<ColumnOf<Info>> list = {
        {column("hostname", TypeId::kText, "Name of this machine."),
         [](const Info& info) -> Value { return printable(info.kernel.nodename); }},
        {column("os", TypeId::kText, "Operating system and its version."), os_name},
        {column("kernel", TypeId::kText, "Release of the kernel."),
         [](const Info& info) -> Value { return printable(info.kernel.release); }},
        {column("architecture", TypeId::kText, "Kind of processor."),
         [](const Info& info) -> Value { return printable(info.kernel.machine); }},
        {column("cpu_count", TypeId::kInt4, "Processors in use."),
         [](const Info&) -> Value { return std::int64_t{::sysconf(_SC_NPROCESSORS_ONLN)}; }},
        {column("memory_bytes", TypeId::kInt8, "RAM in all."),
         [](const Info& info) { return memory_bytes(info, "MemTotal"); }},
        {column("memory_available_bytes", TypeId::kInt8,
                "RAM that programs can still have without swapping."),
         [](const Info& info) { return memory_bytes(info, "MemAvailable"); }},
        {column("boot_time", TypeId::kTimestamptz, "When it started."), boot_time},
        {column("uptime", TypeId::kInterval, "How long it has been up."), uptime},
        {column("load_1", TypeId::kFloat8,
                "Processes that ran or waited for a disk, average of the last minute."),
         [](const Info& info) { return load_average(info, 0); }},
        {column("load_5", TypeId::kFloat8, "The same over 5 minutes."),
         [](const Info& info) { return load_average(info, 1); }},
        {column("load_15", TypeId::kFloat8, "The same over 15 minutes."),
         [](const Info& info) { return load_average(info, 2); }},
    };
    return list;
}

void describe_machine(const ScanRequest& /*request*/, RowsOf<Info>& rows) {
    Info info;
    if (::uname(&info.kernel) != 0) {
        throw_errno(errno, "call", "uname");
    }
    rows.add(info);
}

} // namespace

std::shared_ptr<Table> make_info_table() {
    return std::make_shared<TableOf<Info>>(
        TableText{"system_info", "This machine: one row.", 1, 0.1}, columns(), describe_machine);
}

} // namespace penstock::system
