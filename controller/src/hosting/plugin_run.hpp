#pragma once

#include "hosting/condition.hpp"
#include "hosting/control_channel.hpp"
#include "hosting/output_ring.hpp"
#include "hosting/plugin_host.hpp"
#include "hosting/process.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace penstock::hosting {

/// One life of a plugin process: from posix_spawn to the collected exit status.
///
/// Knows nothing of restarts; PluginHost makes the next one. Threads: the executor's, which is one.
class PluginRun : public std::enable_shared_from_this<PluginRun> {
  public:
    struct Events {
        std::function<void(const std::string& connection)> on_announcement;
        std::function<void(const std::string& line)> on_output;
    };

    /// Starts the process. Errors: kUnavailable, naming the executable and the reason; a missing
    /// one names the folder and the plugins that are in it.
    [[nodiscard]] static Result<std::shared_ptr<PluginRun>>
    start(const boost::asio::any_io_executor& executor, const InstanceSpec& spec, Events events);

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] const std::shared_ptr<ControlChannel>& channel() const { return channel_; }

    /// The handshake. Errors: no answer within `timeout`, another protocol, what the plugin says.
    boost::asio::awaitable<Result<wire::PluginInfo>> hello(std::chrono::milliseconds timeout);

    [[nodiscard]] bool has_ended() const noexcept { return end_.has_value(); }
    /// How it ended, with its last words: `exited with code 3; its last output: "…"`.
    [[nodiscard]] std::string end_text() const;
    /// Waits until it has ended, or `is_enough` says so after a wake().
    boost::asio::awaitable<void> wait(std::function<bool()> is_enough);
    void wake() { changed_.notify(); }

    /// Asks it to shut down; TERM after 5 s, KILL after 4 more; ends when it is gone.
    boost::asio::awaitable<void> shut_down();
    /// KILL at once, for one that has nothing to lose.
    void kill();
    /// From now on: killed when it has not been heard for `limit`.
    void watch_pulse(std::chrono::milliseconds limit);

  private:
    PluginRun(const boost::asio::any_io_executor& executor, Process process, Events events);

    void begin();
    boost::asio::awaitable<void> watch_process();
    boost::asio::awaitable<void> feel_pulse(std::chrono::milliseconds limit);
    boost::asio::awaitable<void> read_output();
    void drain_output();
    void take_output(std::string_view bytes);

    pid_t pid_;
    Process process_;
    std::shared_ptr<ControlChannel> channel_; ///< shared with its own reader
    boost::asio::posix::stream_descriptor output_;
    boost::asio::posix::stream_descriptor pid_watch_;
    Condition changed_;
    Events events_;
    OutputRing ring_;
    std::optional<ProcessEnd> end_;
    std::string kill_reason_; ///< why it was killed, when its end alone does not say so
};

} // namespace penstock::hosting
