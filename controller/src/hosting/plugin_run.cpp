#include "hosting/plugin_run.hpp"

#include "hosting/pulse.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace penstock::hosting {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kUntilTerm{5'000};
constexpr milliseconds kUntilKill{4'000};
/// Last lines of output that go into an error.
constexpr std::size_t kLastLines = 5;
/// What is read of a dead plugin's pipe at most; more than the ring holds would be for nothing.
constexpr std::size_t kDrainBytes = 1U << 20;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

std::string plugins_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        const fs::path path = entry->path();
        if (entry->is_regular_file(failure) && access(path.c_str(), X_OK) == 0) {
            names.push_back(path.filename().string());
        }
    }
    std::sort(names.begin(), names.end());
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

Status check_executable(const InstanceSpec& spec) {
    const fs::path path(spec.executable);
    std::error_code failure;
    if (fs::is_regular_file(path, failure) && access(path.c_str(), X_OK) == 0) {
        return {};
    }
    const std::string there = plugins_in(path.parent_path());
    return Error::make(ErrorKind::kUnavailable,
                       "plugin \"" + path.filename().string() + "\" is not installed",
                       "There is no executable \"" + path.string() + "\".",
                       there.empty() ? "There are no plugins in that folder."
                                     : "The plugins in that folder are: " + there + ".");
}

std::vector<std::string> arguments_of(const InstanceSpec& spec) {
    std::vector<std::string> arguments{"--name", spec.label, "--socket", spec.socket_path};
    for (const uid_t uid : spec.allowed_uids) {
        arguments.insert(arguments.end(), {"--allow-uid", std::to_string(uid)});
    }
    if (spec.cache_ttl_s > 0) { // else also plugins of an older SDK can be started
        arguments.insert(arguments.end(), {"--cache-ttl", std::to_string(spec.cache_ttl_s),
                                           "--cache-max-mb", std::to_string(spec.cache_max_mb)});
    }
    return arguments;
}

} // namespace

Result<std::shared_ptr<PluginRun>> PluginRun::start(const asio::any_io_executor& executor,
                                                    const InstanceSpec& spec, Events events) {
    if (Status there = check_executable(spec); !there.ok()) {
        return there.error();
    }
    Result<Process> process =
        Process::spawn(spec.executable, arguments_of(spec), spec.memory_max_mb);
    if (!process.ok()) {
        return process.error();
    }
    try {
        std::shared_ptr<PluginRun> run(
            new PluginRun(executor, std::move(process).value(), std::move(events)));
        run->begin();
        return run;
    } catch (const std::exception& error) { // no descriptors or memory left
        Error shortage =
            Error::make(ErrorKind::kUnavailable,
                        "could not watch the plugin process: " + std::string(error.what()));
        shortage.retryable = true;
        return shortage;
    }
}

PluginRun::PluginRun(const asio::any_io_executor& executor, Process process, Events events)
    : pid_(process.pid()), process_(std::move(process)),
      channel_(std::make_shared<ControlChannel>(
          executor, process_.take_control(),
          ControlChannel::Events{std::move(events.on_announcement), [this] { wake(); }})),
      output_(executor, process_.take_output().release()),
      pid_watch_(executor, fcntl(process_.pid_fd(), F_DUPFD_CLOEXEC, 0)), changed_(executor),
      events_(std::move(events)) {}

void PluginRun::begin() {
    channel_->start();
    // Both keep the run alive until the process has ended.
    const auto self = shared_from_this();
    asio::co_spawn(
        output_.get_executor(), [self]() -> asio::awaitable<void> { co_await self->read_output(); },
        asio::detached);
    asio::co_spawn(
        output_.get_executor(),
        [self]() -> asio::awaitable<void> { co_await self->watch_process(); }, asio::detached);
}

asio::awaitable<Result<wire::PluginInfo>> PluginRun::hello(milliseconds timeout) {
    wire::ControlRequest request;
    *request.mutable_hello() = make_hello("controller");
    Result<wire::ControlReply> reply = co_await channel_->request(std::move(request), timeout);
    if (!reply.ok()) {
        co_return reply.error();
    }
    if (reply->kind_case() != wire::ControlReply::kHello) {
        co_return Error::make(ErrorKind::kProtocol, "the plugin did not answer the handshake");
    }
    co_return reply->hello();
}

std::string PluginRun::end_text() const {
    std::string text = !end_ ? "is running" : kill_reason_.empty() ? end_->to_text() : kill_reason_;
    const std::vector<std::string> lines = ring_.last_lines(kLastLines);
    if (!lines.empty()) {
        text += "; its last output: ";
        for (std::size_t line = 0; line < lines.size(); ++line) {
            text += (line == 0 ? "" : " / ") + lines[line];
        }
    }
    return text;
}

asio::awaitable<void> PluginRun::wait(std::function<bool()> is_enough) {
    const auto self = shared_from_this();
    co_await changed_.wait([this, &is_enough] { return has_ended() || is_enough(); },
                           Clock::time_point::max());
}

asio::awaitable<void> PluginRun::shut_down() {
    const auto self = shared_from_this();
    const auto is_gone = [this] { return has_ended(); };
    wire::ControlRequest request;
    request.mutable_shutdown();
    channel_->send(std::move(request));
    if (co_await changed_.wait(is_gone, Clock::now() + kUntilTerm)) {
        co_return;
    }
    process_.signal_group(SIGTERM);
    if (co_await changed_.wait(is_gone, Clock::now() + kUntilKill)) {
        co_return;
    }
    process_.signal_group(SIGKILL);
    co_await changed_.wait(is_gone, Clock::time_point::max());
}

void PluginRun::kill() {
    process_.signal_group(SIGKILL);
}

void PluginRun::watch_pulse(milliseconds limit) {
    asio::co_spawn(
        output_.get_executor(),
        [self = shared_from_this(), limit]() -> asio::awaitable<void> {
            co_await self->feel_pulse(limit);
        },
        asio::detached);
}

asio::awaitable<void> PluginRun::feel_pulse(milliseconds limit) {
    const auto is_over = [this] { return has_ended() || channel_->is_closed(); };
    Pulse pulse(limit);
    while (!co_await changed_.wait(is_over, pulse.next_beat(Clock::now()))) {
        if (pulse.is_lost(channel_->heard_count())) {
            kill_reason_ =
                "was killed because it did not answer for " + std::to_string(limit.count()) + " ms";
            kill();
            co_return;
        }
        wire::ControlRequest request;
        request.mutable_ping();
        channel_->send(std::move(request));
    }
}

asio::awaitable<void> PluginRun::watch_process() {
    // The channel is closed here at the latest, so its callback never outlives the run.
    co_await pid_watch_.async_wait(asio::posix::stream_descriptor::wait_read, kNoThrow);
    end_ = process_.reap();
    drain_output();
    boost::system::error_code ignored;
    output_.close(ignored); // ends read_output()
    channel_->close(Error::make(ErrorKind::kUnavailable, "the plugin process " + end_text()));
    changed_.notify();
}

asio::awaitable<void> PluginRun::read_output() {
    std::array<char, 8192> buffer{};
    while (!has_ended()) {
        const auto [failure, bytes] =
            co_await output_.async_read_some(asio::buffer(buffer), kNoThrow);
        if (failure) {
            co_return; // closed by the plugin, or by watch_process()
        }
        take_output(std::string_view(buffer.data(), bytes));
    }
}

void PluginRun::drain_output() {
    std::array<char, 8192> buffer{};
    for (std::size_t drained = 0; drained < kDrainBytes;) {
        const ssize_t bytes = read(output_.native_handle(), buffer.data(), buffer.size());
        if (bytes <= 0) {
            return;
        }
        take_output(std::string_view(buffer.data(), static_cast<std::size_t>(bytes)));
        drained += static_cast<std::size_t>(bytes);
    }
}

void PluginRun::take_output(std::string_view bytes) {
    for (const std::string& line : ring_.append(bytes)) {
        if (events_.on_output) {
            events_.on_output(line);
        }
    }
}

} // namespace penstock::hosting
