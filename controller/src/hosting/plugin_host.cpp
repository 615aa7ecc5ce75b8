#include "hosting/plugin_host.hpp"

#include "hosting/condition.hpp"
#include "hosting/plugin_run.hpp"
#include "hosting/restart_policy.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

namespace asio = boost::asio;

namespace penstock::hosting {

namespace {

constexpr std::chrono::milliseconds kRequestTimeout{60'000};
/// Connections that a new process is given at once: one at a time it would be each one's round
/// trip, and all of thousands would fill the memory with requests.
constexpr std::size_t kConfiguredAtOnce = 128;

/// What a process was configured with, for the one that comes after it.
struct Setup {
    Arguments arguments;
    std::optional<AggregateSpec> aggregate;
};

/// What a new process has yet to be given, shared by those that do it.
struct Handover {
    std::deque<std::pair<std::string, Setup>> setups;
    std::size_t working = 0;
};

wire::ControlRequest configure_request(const std::string& connection, const Setup& setup) {
    wire::ControlRequest request;
    wire::Configure& configure = *request.mutable_configure();
    configure.set_connection(connection);
    for (const auto& [name, value] : setup.arguments) {
        write_message(value, (*configure.mutable_arguments())[name]);
    }
    if (setup.aggregate) {
        configure.set_on_error(setup.aggregate->on_error);
        configure.mutable_children()->Assign(setup.aggregate->children.begin(),
                                             setup.aggregate->children.end());
    }
    return request;
}

std::string with_details(const Error& error) {
    std::string text = error.message;
    for (const std::string* part : {&error.detail, &error.hint}) {
        if (!part->empty()) {
            text += (part == &error.detail ? ". " : " ") + *part;
        }
    }
    return text;
}

} // namespace

/// Shared with its own coroutines: they end, and let go of it, after the host was stopped or
/// destroyed and the process is gone.
struct PluginHost::Impl : std::enable_shared_from_this<PluginHost::Impl> {
    Impl(asio::any_io_executor io, InstanceSpec instance, Events callbacks)
        : executor(std::move(io)), spec(std::move(instance)), events(std::move(callbacks)),
          changed(executor) {}

    // -- supervision
    asio::awaitable<void> supervise();
    asio::awaitable<void> live_once();
    asio::awaitable<Status> begin_run();
    asio::awaitable<Status> greet();
    static asio::awaitable<Error> explain_end(std::shared_ptr<PluginRun> ending);
    asio::awaitable<void> configure_all();
    asio::awaitable<void> hand_over(std::shared_ptr<Handover> left);
    asio::awaitable<void> after_exit(Clock::time_point started);
    void set_state(HostState state, std::string error);
    [[nodiscard]] bool is_interrupted() const { return is_stopping || is_restarting; }
    void interrupt();

    // -- requests
    asio::awaitable<Result<wire::ControlReply>> request(wire::ControlRequest message);
    [[nodiscard]] Error unavailable() const;

    asio::any_io_executor executor;
    InstanceSpec spec;
    Events events;
    Condition changed;
    HostStatus status;
    std::optional<wire::PluginInfo> info; ///< of the last process that said hello
    std::map<std::string, Setup> configured;
    std::shared_ptr<PluginRun> run; ///< shared with its own coroutines; null between two lives
    RestartPolicy policy;
    bool is_supervised = false;
    bool is_stopping = false;
    bool is_restarting = false;
    bool is_hopeless = false; ///< the last start failed in a way that a retry does not mend
    bool is_starved = false;  ///< there were too few descriptors or too little memory for it
};

// ---------------------------------------------------------------- supervision

void PluginHost::Impl::set_state(HostState state, std::string error) {
    status.state = state;
    status.error = std::move(error);
    status.pid = run ? run->pid() : 0;
    changed.notify();
    if (events.on_status_change) {
        events.on_status_change();
    }
}

void PluginHost::Impl::interrupt() {
    if (run) {
        // A process that is still starting serves nobody: no need to be polite.
        if (status.state == HostState::kStarting) {
            run->kill();
        }
        run->wake();
    }
    changed.notify();
}

asio::awaitable<void> PluginHost::Impl::supervise() {
    const auto self = shared_from_this();
    while (!is_stopping) {
        const Clock::time_point started = Clock::now();
        is_restarting = false;
        is_hopeless = false;
        is_starved = false;
        co_await live_once();
        if (is_restarting) {
            policy.reset();
        } else if (!is_stopping) {
            co_await after_exit(started);
        }
        if (!is_stopping) {
            ++status.restarts;
        }
    }
    is_supervised = false;
    set_state(HostState::kStopped, {});
}

asio::awaitable<void> PluginHost::Impl::live_once() {
    set_state(HostState::kStarting, status.error);
    Status begun = co_await begin_run();
    if (begun.ok()) {
        set_state(HostState::kRunning, {});
        const std::function<bool()> is_over = [this] {
            return is_interrupted() || run->channel()->is_closed();
        };
        co_await run->wait(is_over);
    } else if (!is_interrupted()) {
        status.error = with_details(begun.error());
    }
    if (run && !run->has_ended()) {
        // One that never said hello hangs, or speaks another protocol: nothing to ask it for.
        if (!begun.ok()) {
            run->kill();
        }
        co_await run->shut_down();
    }
    if (run && begun.ok()) {
        status.error = "the plugin process " + run->end_text();
    }
    run = nullptr; // whoever waits for that hears of it with the next state
}

asio::awaitable<Status> PluginHost::Impl::begin_run() {
    const std::weak_ptr<Impl> weak = weak_from_this();
    PluginRun::Events run_events;
    run_events.on_announcement = [weak](const std::string& connection) {
        if (const auto self = weak.lock(); self && self->events.on_announcement) {
            self->events.on_announcement(connection);
        }
    };
    run_events.on_output = [weak](const std::string& line) {
        if (const auto self = weak.lock(); self && self->events.on_output) {
            self->events.on_output(line);
        }
    };
    Result<std::shared_ptr<PluginRun>> started =
        PluginRun::start(executor, spec, std::move(run_events));
    if (!started.ok()) {
        is_starved = started.error().retryable;
        is_hopeless = !is_starved;
        co_return started.error();
    }
    run = std::move(started).value();
    status.pid = run->pid();
    Status greeted = co_await greet();
    if (!greeted.ok()) {
        co_return greeted;
    }
    if (spec.hang_timeout_ms > 0) {
        run->watch_pulse(std::chrono::milliseconds(spec.hang_timeout_ms));
    }
    co_await configure_all();
    if (run->has_ended() || is_interrupted()) {
        co_return Error::make(ErrorKind::kUnavailable, "the plugin process " + run->end_text());
    }
    co_return Status{};
}

asio::awaitable<Status> PluginHost::Impl::greet() {
    const std::chrono::milliseconds timeout(spec.start_timeout_ms);
    Result<wire::PluginInfo> hello = co_await run->hello(timeout);
    if (hello.ok()) {
        info = std::move(hello).value();
        status.version = info->version();
        co_return Status{};
    }
    if (run->channel()->is_closed()) {
        co_return co_await explain_end(run);
    }
    is_hopeless = true; // it hangs, or speaks another protocol
    co_return hello.error();
}

/// The socket's end arrives a moment before the process's, and says less.
asio::awaitable<Error> PluginHost::Impl::explain_end(std::shared_ptr<PluginRun> ending) {
    const std::function<bool()> never = [] { return false; };
    co_await ending->wait(never);
    co_return Error::make(ErrorKind::kUnavailable, "the plugin process " + ending->end_text());
}

/// Before anything else is asked of it, a new process gets what the old one had.
asio::awaitable<void> PluginHost::Impl::configure_all() {
    // A copy: a request that gives up meanwhile changes the original.
    const auto left = std::make_shared<Handover>();
    left->setups.assign(configured.begin(), configured.end());
    left->working = std::min(left->setups.size(), kConfiguredAtOnce);
    for (std::size_t worker = left->working; worker > 0; --worker) {
        asio::co_spawn(executor, hand_over(left), asio::detached);
    }
    co_await changed.wait([&left] { return left->working == 0; }, Clock::time_point::max());
}

/// One of those that give the new process one connection after the other.
asio::awaitable<void> PluginHost::Impl::hand_over(std::shared_ptr<Handover> left) {
    const auto self = shared_from_this();
    const std::shared_ptr<PluginRun> asked = run;
    while (!left->setups.empty() && !asked->channel()->is_closed()) {
        const auto [connection, setup] = std::move(left->setups.front());
        left->setups.pop_front();
        wire::ControlRequest message = configure_request(connection, setup);
        const Result<wire::ControlReply> reply =
            co_await asked->channel()->request(std::move(message), kRequestTimeout);
        if (!reply.ok() && !asked->channel()->is_closed() && events.on_announcement) {
            // Whoever looks after the connection asks again and gets the same error to show.
            events.on_announcement(connection);
        }
    }
    --left->working;
    changed.notify();
}

asio::awaitable<void> PluginHost::Impl::after_exit(Clock::time_point started) {
    const auto delay =
        is_starved ? policy.note_shortage() : policy.note_exit(started, Clock::now());
    const bool has_failed = is_hopeless || !delay;
    const Clock::time_point until = has_failed ? Clock::time_point::max() : Clock::now() + *delay;
    set_state(has_failed ? HostState::kFailed : HostState::kBackoff, status.error);
    co_await changed.wait([this] { return is_interrupted(); }, until);
    if (has_failed) {
        policy.reset();
    }
}

// ---------------------------------------------------------------- requests

Error PluginHost::Impl::unavailable() const {
    Error error =
        Error::make(ErrorKind::kUnavailable, "plugin \"" + spec.label + "\" is not running" +
                                                 (status.error.empty() ? "" : ": " + status.error));
    error.retryable = true;
    return error;
}

asio::awaitable<Result<wire::ControlReply>>
PluginHost::Impl::request(wire::ControlRequest message) {
    const auto self = shared_from_this();
    co_await changed.wait([this] { return status.state != HostState::kStarting; },
                          Clock::time_point::max());
    if (status.state != HostState::kRunning || !run) {
        co_return unavailable();
    }
    const std::shared_ptr<PluginRun> asked = run;
    Result<wire::ControlReply> reply =
        co_await asked->channel()->request(std::move(message), kRequestTimeout);
    if (!reply.ok() && asked->channel()->is_closed()) {
        const Error end = co_await explain_end(asked);
        // Who asks what the plugin does now must not hear that it runs: then the end would count as
        // an error of the connection, though the next process comes in a moment.
        co_await changed.wait([this, &asked] { return run != asked; }, Clock::time_point::max());
        co_return end;
    }
    co_return reply;
}

// ---------------------------------------------------------------- the public face

PluginHost::PluginHost(asio::any_io_executor executor, InstanceSpec spec, Events events)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(spec), std::move(events))) {}

// NOLINTNEXTLINE(bugprone-exception-escape): cancelling a timer of a living loop does not fail
PluginHost::~PluginHost() {
    impl_->events = Events{};
    impl_->is_stopping = true;
    if (impl_->run) {
        impl_->run->kill();
    }
    impl_->interrupt();
}

const InstanceSpec& PluginHost::spec() const noexcept {
    return impl_->spec;
}

HostStatus PluginHost::status() const {
    return impl_->status;
}

bool PluginHost::is_dynamic() const {
    return impl_->info && impl_->info->is_dynamic();
}

std::vector<ArgumentSpec> PluginHost::arguments() const {
    std::vector<ArgumentSpec> specs;
    if (impl_->info) {
        for (const wire::ArgumentSpec& argument : impl_->info->arguments()) {
            specs.push_back(read_message(argument));
        }
    }
    return specs;
}

void PluginHost::start() {
    if (impl_->is_supervised) {
        return;
    }
    impl_->is_supervised = true;
    impl_->is_stopping = false;
    // Requests made from now on wait for the start.
    impl_->status.state = HostState::kStarting;
    asio::co_spawn(
        impl_->executor, [self = impl_]() -> asio::awaitable<void> { co_await self->supervise(); },
        asio::detached);
}

void PluginHost::restart() {
    if (!impl_->is_supervised) {
        start();
        return;
    }
    impl_->is_restarting = true;
    impl_->interrupt();
}

bool PluginHost::knows(const std::string& connection, const Arguments& arguments) const {
    const auto found = impl_->configured.find(connection);
    return found != impl_->configured.end() && !found->second.aggregate &&
           found->second.arguments == arguments;
}

asio::awaitable<Status> PluginHost::configure(std::string connection, Arguments arguments,
                                              std::optional<AggregateSpec> aggregate) {
    const std::shared_ptr<Impl> impl = impl_;
    Setup setup{std::move(arguments), std::move(aggregate)};
    wire::ControlRequest message = configure_request(connection, setup);
    Result<wire::ControlReply> reply = co_await impl->request(std::move(message));
    if (!reply.ok()) {
        co_return reply.error();
    }
    impl->configured[connection] = std::move(setup);
    co_return Status{};
}

asio::awaitable<Status> PluginHost::forget(std::string connection) {
    const std::shared_ptr<Impl> impl = impl_;
    // Also when the plugin does not run: the next process must not be given it.
    impl->configured.erase(connection);
    if (impl->status.state != HostState::kRunning && impl->status.state != HostState::kStarting) {
        co_return Status{};
    }
    wire::ControlRequest message;
    message.mutable_forget()->set_connection(connection);
    Result<wire::ControlReply> reply = co_await impl->request(std::move(message));
    if (!reply.ok()) {
        co_return reply.error();
    }
    co_return Status{};
}

asio::awaitable<Result<Description>> PluginHost::describe(std::string connection) {
    const std::shared_ptr<Impl> impl = impl_;
    wire::ControlRequest message;
    message.mutable_describe()->set_connection(connection);
    Result<wire::ControlReply> reply = co_await impl->request(std::move(message));
    if (!reply.ok()) {
        co_return reply.error();
    }
    if (reply->kind_case() != wire::ControlReply::kSchema) {
        co_return Error::make(ErrorKind::kProtocol,
                              "the plugin did not answer the request for its tables");
    }
    Result<std::vector<TableSchema>> tables = read_message(reply->schema());
    if (!tables.ok()) {
        co_return tables.error();
    }
    co_return Description{std::move(tables).value(), read_problems(reply->schema())};
}

asio::awaitable<void> PluginHost::stop() {
    const std::shared_ptr<Impl> impl = impl_;
    impl->is_stopping = true;
    impl->interrupt();
    co_await impl->changed.wait([&impl] { return !impl->is_supervised; }, Clock::time_point::max());
}

} // namespace penstock::hosting
