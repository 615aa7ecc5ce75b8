#include "system/accounts.hpp"
#include "system/keys.hpp"
#include "system/plugin.hpp"
#include "system/proc.hpp"
#include "system/table_of.hpp"
#include "system/text.hpp"

#include <array>
#include <unistd.h>

namespace penstock::system {

namespace {

/// What all rows of one scan share.
struct Machine {
    AccountNames names = AccountNames::load();
    std::optional<std::int64_t> boot_seconds = boot_unix_seconds();
    std::int64_t ticks_per_second = ::sysconf(_SC_CLK_TCK);
    std::int64_t page_bytes = ::sysconf(_SC_PAGESIZE);

    [[nodiscard]] std::int64_t micros(std::int64_t ticks) const {
        return ticks / ticks_per_second * 1'000'000 +
               ticks % ticks_per_second * 1'000'000 / ticks_per_second;
    }
};

struct Owner {
    std::optional<std::int64_t> uid;
    std::optional<std::int64_t> gid;
};

class Process {
  public:
    Process(std::int64_t pid, ProcessFolder folder, ProcessStat stat, const Machine& machine)
        : pid_(pid), folder_(std::move(folder)), stat_(std::move(stat)), machine_(machine) {}

    [[nodiscard]] std::int64_t pid() const { return pid_; }
    [[nodiscard]] const ProcessStat& stat() const { return stat_; }
    [[nodiscard]] const Machine& machine() const { return machine_; }
    [[nodiscard]] const ProcessFolder& folder() const { return folder_; }
    [[nodiscard]] bool has_vanished() const { return folder_.has_vanished(); }
    /// Whom it acts as; read once, when first asked for.
    [[nodiscard]] const Owner& owner() const {
        if (!owner_) {
            owner_ = read_owner();
        }
        return *owner_;
    }

  private:
    [[nodiscard]] Owner read_owner() const {
        const std::string status = folder_.read("status").value_or("");
        const auto effective = [&](const char* key) -> std::optional<std::int64_t> {
            constexpr std::size_t kEffective = 1; // real, effective, saved, file system
            const auto ids = find_field(status, key, ':');
            const auto each = ids ? split(*ids, '\t') : std::vector<std::string_view>();
            return each.size() > kEffective ? to_integer(each[kEffective]) : std::nullopt;
        };
        return {effective("Uid"), effective("Gid")};
    }

    std::int64_t pid_;
    ProcessFolder folder_;
    ProcessStat stat_;
    const Machine& machine_;
    mutable std::optional<Owner> owner_;
};

struct StateName {
    char letter;
    const char* name;
};

constexpr std::array kStates = {
    StateName{'R', "running"}, StateName{'S', "sleeping"}, StateName{'D', "disk sleep"},
    StateName{'Z', "zombie"},  StateName{'T', "stopped"},  StateName{'t', "traced"},
    StateName{'I', "idle"},    StateName{'X', "dead"},
};

std::string state_name(char letter) {
    for (const StateName& each : kStates) {
        if (each.letter == letter) {
            return each.name;
        }
    }
    return {letter};
}

Value command_line(const Process& process) {
    std::string line;
    for (const std::string& argument :
         parse_cmdline(process.folder().read("cmdline").value_or(""))) {
        line += line.empty() ? argument : " " + argument;
    }
    return text_or_null(line);
}

Value arguments(const Process& process) {
    const auto text = process.folder().read("cmdline");
    return text && !text->empty() ? Value(parse_cmdline(*text)) : Value();
}

Value link_target(const Process& process, const char* name) {
    return text_or_null(process.folder().link(name).value_or(""));
}

Value user_name(const Process& process) {
    const Owner& owner = process.owner();
    return owner.uid ? value_or_null(process.machine().names.user(*owner.uid)) : Value();
}

Value start_time(const Process& process) {
    const Machine& machine = process.machine();
    if (!machine.boot_seconds) {
        return {};
    }
    return Timestamptz::from_unix(*machine.boot_seconds,
                                  machine.micros(process.stat().start_ticks));
}

const std::vector<ColumnOf<Process>>& columns() {
    static const std::vector<ColumnOf<Process>> list = {
        {key_column("pid", TypeId::kInt8, "Process id."),
         [](const Process& process) -> Value { return process.pid(); }},
        {column("ppid", TypeId::kInt8, "Process id of its parent."),
         [](const Process& process) -> Value { return process.stat().ppid; }},
        {column("name", TypeId::kText, "Name that the kernel has for it: at most 15 bytes."),
         [](const Process& process) -> Value { return printable(process.stat().name); }},
        {column("state", TypeId::kText,
                "running, sleeping, disk sleep, zombie, stopped, traced, idle or dead."),
         [](const Process& process) -> Value { return state_name(process.stat().state); }},
        {column("uid", TypeId::kInt8, "Effective user id."),
         [](const Process& process) { return value_or_null(process.owner().uid); }},
        {column("gid", TypeId::kInt8, "Effective group id."),
         [](const Process& process) { return value_or_null(process.owner().gid); }},
        {column("user_name", TypeId::kText, "Name of the effective user."), user_name},
        {column("cmdline", TypeId::kText,
                "Command line, arguments joined by blanks; NULL for kernel threads."),
         command_line},
        {column("arguments", TypeId::kTextArray,
                "Command line, one element an argument; NULL for kernel threads."),
         arguments},
        {column("exe", TypeId::kText, "Path of its program; NULL when we may not know it."),
         [](const Process& process) { return link_target(process, "exe"); }},
        {column("cwd", TypeId::kText, "Its working folder; NULL when we may not know it."),
         [](const Process& process) { return link_target(process, "cwd"); }},
        {column("threads", TypeId::kInt4, "How many threads it has."),
         [](const Process& process) -> Value { return process.stat().threads; }},
        {column("rss_bytes", TypeId::kInt8, "Memory it has in RAM."),
         [](const Process& process) -> Value {
             return process.stat().rss_pages * process.machine().page_bytes;
         }},
        {column("vsz_bytes", TypeId::kInt8, "Size of its address space."),
         [](const Process& process) -> Value { return process.stat().vsz_bytes; }},
        {column("cpu_time", TypeId::kInterval,
                "Processor time it has used, its own and the kernel's for it."),
         [](const Process& process) -> Value {
             return Interval{process.machine().micros(process.stat().cpu_ticks)};
         }},
        {column("start_time", TypeId::kTimestamptz, "When it started."), start_time},
        {column("cgroup", TypeId::kText,
                "Control group: unified hierarchy, or systemd's where there is none."),
         [](const Process& process) {
             return value_or_null(parse_cgroup(process.folder().read("cgroup").value_or("")));
         }},
    };
    return list;
}

void add_process(std::int64_t pid, const Machine& machine, RowsOf<Process>& rows) {
    std::optional<ProcessFolder> folder = ProcessFolder::open(pid);
    if (!folder) {
        return;
    }
    std::optional<ProcessStat> stat = parse_stat(folder->read("stat").value_or(""));
    if (stat) {
        rows.add(Process(pid, *std::move(folder), *std::move(stat), machine));
    }
}

void list_processes(const ScanRequest& request, RowsOf<Process>& rows) {
    const Machine machine;
    if (const auto wanted = integer_keys(request, "pid")) {
        for (const std::int64_t pid : *wanted) {
            add_process(pid, machine, rows);
        }
        return;
    }
    for (const std::int64_t pid : list_pids()) {
        add_process(pid, machine, rows);
    }
}

} // namespace

std::shared_ptr<Table> make_process_table() {
    return std::make_shared<TableOf<Process>>(
        TableText{"system_process", "Processes that run now, from /proc.", 200, 1}, columns(),
        list_processes);
}

} // namespace penstock::system
