#include "service/instances.hpp"

#include "service/error_text.hpp"
#include "service/logging.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

namespace asio = boost::asio;

namespace penstock::service {

namespace {

using hosting::Clock;
using hosting::HostState;

/// A failed plugin is tried again this often, as nobody may be there to ask for it.
constexpr std::chrono::seconds kFailedRetry{60};

constexpr std::array<const char*, 5> kStateNames = {"stopped", "starting", "running", "backoff",
                                                    "failed"};
constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t kMaxPlainLabel = 32;

bool is_plain(const std::string& name) {
    return !name.empty() && name[0] != '.' &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
           });
}

/// The label, or for one that makes no good file name its FNV-1a hash.
std::string socket_name(const std::string& label) {
    if (is_plain(label) && label.size() <= kMaxPlainLabel) {
        return label + ".sock";
    }
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const unsigned char c : label) {
        hash = (hash ^ c) * 0x100000001b3;
    }
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "%016llx.sock", static_cast<unsigned long long>(hash));
    return text.data();
}

std::optional<Error> check_names(const config::PluginInstance& instance,
                                 const std::string& socket) {
    if (!is_plain(instance.source)) {
        return Error::make(ErrorKind::kOption,
                           "\"" + instance.source + "\" is not the name of a plugin", {},
                           "A plugin's name has letters, digits, \"_\", \"-\" and \".\".");
    }
    if (socket.size() > kMaxSocketPath) {
        return Error::make(
            ErrorKind::kLimit, "the path of the plugin's socket is too long: \"" + socket + "\"",
            "A socket path has at most " + std::to_string(kMaxSocketPath) + " bytes.",
            "Use an install folder with a shorter name.");
    }
    return std::nullopt;
}

std::int64_t resident_bytes(pid_t pid) {
    std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
    std::int64_t total_pages = 0;
    std::int64_t resident_pages = 0;
    statm >> total_pages >> resident_pages;
    return statm ? resident_pages * sysconf(_SC_PAGESIZE) : 0;
}

} // namespace

Instances::Instances(asio::any_io_executor executor, std::filesystem::path plugin_folder,
                     std::filesystem::path socket_folder, Events events)
    : executor_(std::move(executor)), plugin_folder_(std::move(plugin_folder)),
      socket_folder_(std::move(socket_folder)), events_(std::move(events)), changed_(executor_) {}

Instances::~Instances() = default;

void Instances::allow(std::vector<uid_t> uids) {
    if (uids == uids_) {
        return;
    }
    uids_ = std::move(uids);
    for (auto& [label, entry] : entries_) {
        if (entry.wanted) {
            entry.wanted->allowed_uids = uids_;
        }
    }
    settle_all();
}

Instances::Entry Instances::make_entry(const config::PluginInstance& instance) const {
    Entry entry;
    entry.plugin = instance.source;
    hosting::InstanceSpec spec;
    spec.label = instance.label;
    spec.executable = (plugin_folder_ / instance.source).string();
    spec.socket_path = (socket_folder_ / socket_name(instance.label)).string();
    spec.allowed_uids = uids_;
    spec.start_timeout_ms = instance.start_timeout_s * 1000;
    spec.hang_timeout_ms = instance.hang_timeout_s * 1000;
    spec.memory_max_mb = instance.memory_max_mb;
    spec.cache_ttl_s = instance.cache_ttl_s;
    spec.cache_max_mb = instance.cache_max_mb;
    entry.invalid = check_names(instance, spec.socket_path);
    if (!entry.invalid) {
        entry.wanted = std::move(spec);
    }
    return entry;
}

void Instances::set_wanted(const std::map<std::string, config::PluginInstance>& wanted,
                           const std::set<std::string>& still_used) {
    for (const auto& [label, instance] : wanted) {
        Entry fresh = make_entry(instance);
        Entry& entry = entries_[label];
        entry.plugin = fresh.plugin;
        entry.wanted = std::move(fresh.wanted);
        entry.invalid = std::move(fresh.invalid);
    }
    for (auto& [label, entry] : entries_) {
        if (!wanted.contains(label) && !still_used.contains(label)) {
            entry.wanted.reset();
            entry.invalid.reset();
        }
    }
    settle_all();
}

void Instances::settle_all() {
    std::vector<std::string> labels; // settle() erases entries
    labels.reserve(entries_.size());
    for (const auto& [label, entry] : entries_) {
        labels.push_back(label);
    }
    for (const std::string& label : labels) {
        settle(label);
    }
}

/// One step of an instance towards what is wanted; each end of a stop calls it again.
void Instances::settle(const std::string& label) {
    const auto found = entries_.find(label);
    if (found == entries_.end() || found->second.is_stopping) {
        return;
    }
    Entry& entry = found->second;
    if (entry.host && (!entry.wanted || *entry.wanted != entry.host->spec())) {
        entry.is_stopping = true;
        asio::co_spawn(executor_, stop_host(label), asio::detached);
    } else if (!entry.host && entry.wanted && !uids_.empty()) {
        start_host(label, entry);
    } else if (!entry.host && !entry.wanted && !entry.invalid) {
        entries_.erase(found);
        status_changed(label);
    }
}

void Instances::start_host(const std::string& label, Entry& entry) {
    hosting::PluginHost::Events events;
    events.on_status_change = [this, label] { status_changed(label); };
    events.on_announcement = [this, label](const std::string& connection) {
        events_.on_announcement(label, connection);
    };
    events.on_output = [this, label](const std::string& line) { events_.on_output(label, line); };
    entry.executable = identity_of(entry.wanted->executable);
    entry.host = std::make_shared<hosting::PluginHost>(executor_, *entry.wanted, std::move(events));
    entry.host->start();
}

asio::awaitable<void> Instances::stop_host(std::string label) {
    const std::shared_ptr<hosting::PluginHost> host = entries_.at(label).host;
    co_await host->stop();
    if (const auto found = entries_.find(label); found != entries_.end()) {
        found->second.host.reset();
        found->second.is_stopping = false;
    }
    settle(label);
    changed_.notify();
}

void Instances::status_changed(const std::string& label) {
    if (const auto found = entries_.find(label); found != entries_.end() && found->second.host) {
        const bool has_failed = found->second.host->status().state == HostState::kFailed;
        found->second.failed_since = has_failed ? Clock::now() : Clock::time_point::max();
    }
    events_.on_status_change(label);
}

std::shared_ptr<hosting::PluginHost> Instances::find(const std::string& label) const {
    const auto found = entries_.find(label);
    return found == entries_.end() ? nullptr : found->second.host;
}

hosting::HostStatus Instances::status(const std::string& label) const {
    const auto found = entries_.find(label);
    if (found == entries_.end()) {
        return {};
    }
    hosting::HostStatus status;
    if (found->second.invalid) {
        status.state = HostState::kFailed;
        status.error = one_line(*found->second.invalid);
    } else if (found->second.host) {
        status = found->second.host->status();
    }
    return status;
}

Instances::FileIdentity Instances::identity_of(const std::string& executable) {
    struct stat file{};
    if (stat(executable.c_str(), &file) != 0) {
        return {};
    }
    return {file.st_ino, file.st_mtim.tv_sec * 1'000'000'000 + file.st_mtim.tv_nsec};
}

std::int64_t Instances::executable_time_us(const std::string& label) const {
    const auto found = entries_.find(label);
    return found == entries_.end() ? 0 : found->second.executable.modified_ns / 1000;
}

void Instances::check() {
    for (auto& [label, entry] : entries_) {
        if (!entry.host || entry.is_stopping) {
            continue;
        }
        const FileIdentity now = identity_of(entry.host->spec().executable);
        // A file that is missing for a moment is being replaced: the process in hand goes on.
        if (now != entry.executable && now != FileIdentity{}) {
            entry.executable = now;
            log_info("plugin \"" + label + "\" has a new executable, starting it again");
            events_.on_new_executable(label);
            entry.host->restart();
        } else if (entry.failed_since != Clock::time_point::max() &&
                   Clock::now() - entry.failed_since > kFailedRetry) {
            entry.host->restart();
        }
    }
}

void Instances::restart(const std::string& label) {
    if (const auto host = find(label)) {
        host->restart();
    }
}

asio::awaitable<void> Instances::stop_all() {
    for (auto& [label, entry] : entries_) {
        entry.wanted.reset();
        entry.invalid.reset();
    }
    settle_all();
    co_await changed_.wait([this] { return entries_.empty(); }, Clock::time_point::max());
}

std::vector<catalog::PluginRow> Instances::rows() const {
    std::vector<catalog::PluginRow> rows;
    for (const auto& [label, entry] : entries_) {
        const hosting::HostStatus now = status(label);
        catalog::PluginRow row;
        row.instance = label;
        row.plugin = entry.plugin;
        row.version = now.version;
        row.state = kStateNames.at(static_cast<std::size_t>(now.state));
        row.error = now.error;
        row.pid = now.pid;
        row.restarts = now.restarts;
        row.memory_bytes = now.pid == 0 ? 0 : resident_bytes(now.pid);
        row.sandbox = {"rlimits"};
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<catalog::Server> Instances::servers() const {
    std::vector<catalog::Server> servers;
    for (const auto& [label, entry] : entries_) {
        if (entry.wanted) {
            servers.push_back({label, entry.plugin, entry.wanted->socket_path, geteuid()});
        }
    }
    return servers;
}

} // namespace penstock::service
