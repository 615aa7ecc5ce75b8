#include "system/proc.hpp"

#include "system/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <memory>

namespace penstock::system {

namespace {

struct CloseDir {
    void operator()(DIR* folder) const { ::closedir(folder); }
};
using OpenDir = std::unique_ptr<DIR, CloseDir>;

/// The names in a folder that are numbers.
std::vector<std::int64_t> list_numbers(UniqueFd fd) {
    std::vector<std::int64_t> numbers;
    const OpenDir folder(fd ? ::fdopendir(fd.get()) : nullptr);
    if (!folder) {
        return numbers;
    }
    static_cast<void>(fd.release());                        // closedir closes it
    while (const dirent* entry = ::readdir(folder.get())) { // a stream of our own: thread-safe
        if (const std::optional<std::int64_t> number = to_integer(entry->d_name)) {
            numbers.push_back(*number);
        }
    }
    std::ranges::sort(numbers);
    return numbers;
}

UniqueFd open_folder(int at, const char* path) {
    return UniqueFd(::openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

} // namespace

std::optional<ProcessStat> parse_stat(std::string_view text) {
    // The name may hold anything, ')' included, so it ends at the last one.
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        return std::nullopt;
    }
    const std::vector<std::string_view> fields = words(trim(text.substr(close + 1)));
    constexpr std::size_t kFirst = 3; // proc(5) counts from 1; the state is number 3
    constexpr std::size_t kRss = 24;
    if (fields.size() <= kRss - kFirst || fields[0].size() != 1) {
        return std::nullopt;
    }
    const auto number = [&](std::size_t position) {
        return to_integer(fields[position - kFirst]).value_or(0);
    };
    ProcessStat stat;
    stat.name = text.substr(open + 1, close - open - 1);
    stat.state = fields[0][0];
    stat.ppid = number(4);
    stat.cpu_ticks = number(14) + number(15);
    stat.threads = number(20);
    stat.start_ticks = number(22);
    stat.vsz_bytes = number(23);
    stat.rss_pages = number(kRss);
    return stat;
}

std::vector<std::string> parse_cmdline(std::string_view text) {
    std::vector<std::string> arguments;
    if (text.ends_with('\0')) {
        text.remove_suffix(1);
        if (text.empty()) {
            arguments.emplace_back();
        }
    }
    for (const std::string_view argument : split(text, '\0')) {
        arguments.push_back(printable(argument));
    }
    return arguments;
}

std::optional<std::string> parse_cgroup(std::string_view text) {
    const auto lines = split(text, '\n');
    for (const std::string_view hierarchy : {"0::", "1:name=systemd:"}) {
        const auto line = std::ranges::find_if(
            lines, [&](std::string_view each) { return each.starts_with(hierarchy); });
        if (line != lines.end()) {
            return printable(line->substr(hierarchy.size()));
        }
    }
    return std::nullopt;
}

std::optional<ProcessFolder> ProcessFolder::open(std::int64_t pid) {
    if (pid <= 0) {
        return std::nullopt;
    }
    const std::string path = "/proc/" + std::to_string(pid);
    UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd) {
        return std::nullopt;
    }
    return ProcessFolder(std::move(fd));
}

std::optional<std::string> ProcessFolder::read(const char* file) const {
    const UniqueFd fd(::openat(fd_.get(), file, O_RDONLY | O_CLOEXEC));
    std::string text;
    if (fd && read_all(fd.get(), text)) {
        return text;
    }
    if (errno == ENOENT || errno == ESRCH) {
        has_vanished_ = true;
    }
    return std::nullopt;
}

std::optional<std::string> ProcessFolder::link(const std::string& name) const {
    std::array<char, PATH_MAX> target;
    const ssize_t got = ::readlinkat(fd_.get(), name.c_str(), target.data(), target.size());
    if (got < 0) {
        return std::nullopt;
    }
    return std::string(target.data(), static_cast<std::size_t>(got));
}

void ProcessFolder::for_each_fd(const std::function<void(int, const std::string&)>& visit) const {
    for (const std::int64_t number : list_numbers(open_folder(fd_.get(), "fd"))) {
        if (const auto target = link("fd/" + std::to_string(number))) {
            visit(static_cast<int>(number), *target);
        }
    }
}

std::vector<std::int64_t> list_pids() {
    return list_numbers(open_folder(AT_FDCWD, "/proc"));
}

std::optional<std::int64_t> boot_unix_seconds() {
    const std::string text = try_read_file("/proc/stat").value_or("");
    const auto seconds = find_field(text, "btime", ' ');
    return seconds ? to_integer(*seconds) : std::nullopt;
}

} // namespace penstock::system
