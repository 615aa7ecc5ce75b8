#pragma once

#include "penstock/types/config_value.hpp"
#include "penstock/types/result.hpp"
#include "penstock/types/schema.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::hosting {

/// How to run one plugin instance.
struct InstanceSpec {
    std::string label;
    std::string executable;          ///< path
    std::string socket_path;         ///< at most 107 bytes; the plugin binds it
    std::vector<uid_t> allowed_uids; ///< peers that may scan: the server's uid, and our own
    std::int64_t start_timeout_ms = 30'000;
    std::int64_t hang_timeout_ms = 30'000; ///< silence of this length ends the process; 0 = never
    std::optional<std::int64_t> memory_max_mb;
    std::int64_t cache_ttl_s = 0; ///< 0 = no cache
    std::int64_t cache_max_mb = 0;
    friend bool operator==(const InstanceSpec&, const InstanceSpec&) = default;
};

enum class HostState : std::uint8_t { kStopped, kStarting, kRunning, kBackoff, kFailed };

struct HostStatus {
    HostState state = HostState::kStopped;
    pid_t pid = 0;
    int restarts = 0;
    std::string version; ///< the plugin's, once it said hello
    std::string error;   ///< why it is not running: exit code or signal, last lines of stderr
};

/// What makes a connection an aggregator: `children` and `on_error` of message Configure.
struct AggregateSpec {
    std::vector<std::string> children;
    std::string on_error; ///< fail · partial
    friend bool operator==(const AggregateSpec&, const AggregateSpec&) = default;
};

/// What a plugin answers when it is asked for the tables of a connection.
struct Description {
    std::vector<TableSchema> tables;
    std::vector<SchemaProblem> problems; ///< what is not among them, and why
};

/// One plugin process under supervision: posix_spawn, pidfd, the control socket as fd 3, stderr
/// drained into a ring of 64 KiB. When it exits by itself it is started again, after 100 ms
/// doubling to 60 s; five exits within 60 s make it kFailed until `restart()` or a new executable.
/// One that has stopped answering on its control socket is killed (hosting/pulse.hpp).
/// After each start every connection that was configured is configured again before anything else.
/// Threads: the executor's (one thread). All functions below are called there.
class PluginHost {
  public:
    struct Events {
        std::function<void(const std::string& connection)> on_announcement; ///< "" = all
        std::function<void()> on_status_change;
        std::function<void(const std::string& line)> on_output{}; ///< a line of stdout or stderr
    };

    PluginHost(boost::asio::any_io_executor executor, InstanceSpec spec, Events events);
    ~PluginHost();
    PluginHost(const PluginHost&) = delete;
    PluginHost& operator=(const PluginHost&) = delete;

    [[nodiscard]] const InstanceSpec& spec() const noexcept;
    [[nodiscard]] HostStatus status() const;
    [[nodiscard]] bool is_dynamic() const; ///< known once running
    /// The arguments the plugin takes, once running (for redaction of secrets).
    [[nodiscard]] std::vector<ArgumentSpec> arguments() const;

    /// Starts the process if it does not run. A host in backoff or failed answers requests with its
    /// error at once instead of waiting.
    void start();
    void restart();

    /// The plugin takes (or replaces) a connection. Errors: the plugin's own (kOption with
    /// `argument` …), kUnavailable with the reason and the last stderr lines when it does not run.
    boost::asio::awaitable<Status> configure(std::string connection, Arguments arguments,
                                             std::optional<AggregateSpec> aggregate = std::nullopt);
    /// Has it taken the connection with exactly these arguments?
    [[nodiscard]] bool knows(const std::string& connection, const Arguments& arguments) const;
    boost::asio::awaitable<Status> forget(std::string connection);
    boost::asio::awaitable<Result<Description>> describe(std::string connection);

    /// Asks it to shut down, TERM after 5 s, KILL after 4 more; completes when it is gone.
    boost::asio::awaitable<void> stop();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace penstock::hosting
