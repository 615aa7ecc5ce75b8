#include "service/logging.hpp"
#include "service/refresh.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <exception>

namespace asio = boost::asio;

namespace penstock::service {

namespace {

using hosting::Clock;
using hosting::HostState;
using reconcile::Offer;

/// Announcements of one connection within this time are one.
constexpr std::chrono::milliseconds kAnnouncementFold{100};
/// Questions to plugins that are under way at once; the others wait in a queue.
constexpr std::size_t kMaxFetchers = 128;

/// Does an instance serve it on its own behalf?
bool is_served(const reconcile::DesiredConnection& wanted) {
    return !wanted.error && wanted.import_schema != "disabled";
}

} // namespace

// ---------------------------------------------------------------- what happens outside

void Refresh::instance_changed(const std::string& label) {
    const hosting::HostStatus status = instances_.status(label);
    const auto host = instances_.find(label);
    has_new_plugins_ = true;
    if (status.state == HostState::kRunning) {
        learn_secrets(label);
        reported_.erase(label);
        log_info("plugin \"" + label + "\" runs as process " + std::to_string(status.pid));
    }
    if (status.state == HostState::kBackoff || status.state == HostState::kFailed) {
        report_failure(label, status.state == HostState::kFailed);
    }
    for (const std::string& name : connections_of(label)) {
        if (status.state == HostState::kFailed) {
            tell_failure(name, instance_error(label));
        } else if (status.state == HostState::kRunning) {
            // A dynamic plugin may have missed a change while it was away.
            ask_again(name, host && host->is_dynamic() && status.restarts > 0);
        }
    }
    wake();
}

/// The plugin of the connection cannot be started.
void Refresh::tell_failure(const std::string& name, const std::string& error) {
    const auto offer = offers_.find(name);
    const bool is_told = offer != offers_.end() && offer->second.kind == Offer::Kind::kFailed &&
                         offer->second.error == error;
    if (!fetching_.contains(name) && !is_told) {
        fail(name, error);
    }
}

/// The plugin of the connection runs (again): what had failed is tried at once.
void Refresh::ask_again(const std::string& name, bool even_if_known) {
    const auto offer = offers_.find(name);
    const bool has_failed = offer != offers_.end() && offer->second.kind == Offer::Kind::kFailed;
    if (!has_failed && !even_if_known) {
        return;
    }
    forget_offer(name);
    if (const auto row = actual_.find(name); row != actual_.end()) {
        row->second.next_attempt_ms = 0;
    }
}

/// Each exit is news; that a hopeless start failed once more is not.
void Refresh::report_failure(const std::string& label, bool is_final) {
    const std::string error = instance_error(label);
    std::string& reported = reported_[label];
    if (is_final && reported == error) {
        return;
    }
    reported = is_final ? error : std::string();
    log_warning(error);
    note("plugin", is_final ? "failed" : "exit", "plugin", "",
         {{"instance", label}, {"error", error}});
}

void Refresh::instance_replaced(const std::string& label) {
    shared_.erase(label);
    for (const std::string& name : connections_of(label)) {
        forget_offer(name);
    }
    note("plugin", "new_executable", "watcher", "", {{"instance", label}});
    wake();
}

void Refresh::announced(const std::string& label, const std::string& connection) {
    shared_.erase(label);
    for (const std::string& name : connections_of(label)) {
        if (connection.empty() || name == connection) {
            forget_offer(name);
            not_before_[name] = Clock::now() + kAnnouncementFold;
        }
    }
    if (const auto child = desired_.find(connection);
        child != desired_.end() && !is_served(child->second)) {
        child_changed(connection); // nobody asks it but its aggregators
    }
    wake();
}

std::vector<std::string> Refresh::connections_of(const std::string& label) const {
    std::vector<std::string> names;
    for (const auto& [name, wanted] : desired_) {
        if (is_served(wanted) && wanted.plugin_instance == label) {
            names.push_back(name);
        }
    }
    return names;
}

void Refresh::learn_secrets(const std::string& label) {
    // Before the plugin said which of its arguments are secret, those from env() and file() are: it
    // may die at its start with one of them on its lips.
    const auto host = instances_.find(label);
    const std::vector<ArgumentSpec> specs = host ? host->arguments() : std::vector<ArgumentSpec>{};
    // Values of an earlier configuration stay: the plugin may still speak of them.
    for (const auto& [name, connection] : configuration_.connections) {
        if (connection.plugin_instance == label) {
            secrets_.add(label, specs, connection);
        }
    }
}

std::string Refresh::instance_error(const std::string& label) const {
    const std::string error = secrets_.redact(label, instances_.status(label).error);
    // One that is not installed says so itself.
    return error.starts_with("plugin ") ? error
                                        : "plugin \"" + label + "\" is not running: " + error;
}

void Refresh::forget_offer(const std::string& name) {
    offers_.erase(name);
    if (fetching_.contains(name)) {
        stale_.insert(name);
    }
}

void Refresh::fail(const std::string& name, const std::string& error) {
    const auto wanted = desired_.find(name);
    if (wanted == desired_.end()) {
        return;
    }
    Offer& offer = offers_[name];
    if (offer.config_hash != wanted->second.config_hash) {
        offer.failures = 0;
    }
    offer.kind = Offer::Kind::kFailed;
    offer.config_hash = wanted->second.config_hash;
    offer.error = error;
    // More than the row shows, or reconcile would take the failure for one it has shown already.
    const auto row = actual_.find(name);
    const int shown = row == actual_.end() ? 0 : row->second.attempts;
    offer.failures = std::max(offer.failures, shown) + 1;
}

// ---------------------------------------------------------------- asking

bool Refresh::launch_fetch(const std::string& name) {
    const reconcile::DesiredConnection& wanted = desired_.at(name);
    const HostState state = instances_.status(wanted.plugin_instance).state;
    if (state == HostState::kFailed) {
        const auto offer = offers_.find(name);
        const bool is_known = offer != offers_.end() &&
                              offer->second.kind == Offer::Kind::kFailed &&
                              offer->second.config_hash == wanted.config_hash;
        if (!is_known) {
            fail(name, instance_error(wanted.plugin_instance));
            wake();
        }
        return false;
    }
    // Starting or waiting to: its change of status wakes us.
    if (state != HostState::kRunning || !fetching_.insert(name).second) {
        return false;
    }
    // An aggregator waits for its children, who may wait in the queue; a query waits for nobody.
    if (wanted.type == "aggregator") {
        asio::co_spawn(executor_, fetch(name), asio::detached);
    } else if (waited_.contains(name)) {
        queue_urgent_fetch(name);
    } else {
        fetch_queue_.push_back(name);
        start_fetcher();
    }
    return true;
}

void Refresh::start_fetcher() {
    if (fetcher_count_ < kMaxFetchers) {
        ++fetcher_count_;
        asio::co_spawn(executor_, fetch_in_turn(), asio::detached);
    }
}

asio::awaitable<void> Refresh::fetch_in_turn() {
    while (!fetch_queue_.empty()) {
        const std::string name = std::move(fetch_queue_.front());
        fetch_queue_.pop_front();
        co_await fetch(name);
    }
    --fetcher_count_;
}

asio::awaitable<void> Refresh::fetch(std::string name) {
    const auto known = configuration_.connections.find(name);
    if (known == configuration_.connections.end()) { // it left the configuration in the queue
        fetching_.erase(name);
        stale_.erase(name);
        wake();
        co_return;
    }
    const config::Connection connection = known->second;
    const std::shared_ptr<hosting::PluginHost> host = instances_.find(connection.plugin_instance);
    Result<OfferedPtr> answer = Error::make(ErrorKind::kUnavailable, "the plugin is gone");
    // Nobody else would hear of an exception, and the connection would count as being asked for
    // ever.
    try {
        if (host) {
            answer = co_await ask(connection.plugin_instance, host, connection);
        }
    } catch (const Exception& error) {
        answer = error.error();
    } catch (const std::exception& error) {
        answer = Error::make(ErrorKind::kInternal, error.what());
    }
    fetching_.erase(name);
    take_answer(connection, std::move(answer), host && host->is_dynamic());
    wake();
}

asio::awaitable<Result<Refresh::OfferedPtr>> Refresh::ask(std::string label,
                                                          std::shared_ptr<hosting::PluginHost> host,
                                                          config::Connection connection) {
    if (connection.type == config::ConnectionType::kAggregator) {
        co_return co_await ask_aggregate(label, host, connection);
    }
    Status taken = co_await host->configure(connection.name, connection.arguments);
    if (!taken.ok()) {
        co_return taken.error();
    }
    note_configured(connection.name, label);
    if (host->is_dynamic()) {
        co_return co_await describe(host, connection.name);
    }
    co_return co_await ask_shared(label, host, connection.name);
}

/// The instance knows the connection from now on, and no other need.
void Refresh::note_configured(const std::string& name, const std::string& label) {
    const std::string before = std::exchange(configured_on_[name], label);
    if (!before.empty() && before != label) {
        release(name, before);
    }
}

asio::awaitable<Result<Refresh::OfferedPtr>>
Refresh::ask_shared(std::string label, std::shared_ptr<hosting::PluginHost> host,
                    std::string name) {
    std::shared_ptr<SharedOffer>& slot = shared_[label];
    if (!slot) {
        slot = std::make_shared<SharedOffer>();
    }
    const std::shared_ptr<SharedOffer> shared = slot;
    co_await changed_.wait([&shared] { return !shared->is_asking; }, Clock::time_point::max());
    if (!shared->offered) {
        shared->is_asking = true;
        // Whatever happens, the others must not wait for ever. Not by a destructor, which would
        // also wake them when the service ends and destroys all that waits.
        std::exception_ptr exception;
        Result<OfferedPtr> answer = Error::make(ErrorKind::kInternal, "nothing was answered");
        try {
            answer = co_await describe(host, name);
        } catch (...) {
            exception = std::current_exception();
        }
        shared->is_asking = false;
        changed_.notify();
        if (exception) {
            std::rethrow_exception(exception);
        }
        if (!answer.ok()) {
            co_return answer;
        }
        shared->offered = answer.value();
    }
    co_return shared->offered;
}

asio::awaitable<Result<Refresh::OfferedPtr>>
Refresh::describe(std::shared_ptr<hosting::PluginHost> host, std::string name) {
    Result<hosting::Description> answer = co_await host->describe(name);
    if (!answer.ok()) {
        co_return answer.error();
    }
    auto offered = std::make_shared<Offered>();
    offered->tables = std::move(answer->tables);
    offered->problems = std::move(answer->problems);
    offered->hash = schema_hash(offered->tables);
    co_return OfferedPtr(std::move(offered));
}

void Refresh::take_answer(const config::Connection& asked, Result<OfferedPtr> answer,
                          bool is_dynamic) {
    const std::string& name = asked.name;
    const auto wanted = desired_.find(name);
    const bool is_stale = stale_.erase(name) > 0 || wanted == desired_.end() ||
                          wanted->second.config_hash != asked.config_hash;
    if (is_stale) {
        offers_.erase(name); // asked again by the next turn
        return;
    }
    if (!answer.ok()) {
        const HostState state = instances_.status(asked.plugin_instance).state;
        if (state == HostState::kRunning) {
            fail(name, secrets_.redact(asked.plugin_instance, one_line(answer.error(), asked)));
        } else if (state == HostState::kFailed) {
            fail(name, instance_error(asked.plugin_instance));
        }
        return; // else it starts again, and we are woken
    }
    Offer& offer = offers_[name];
    const OfferedPtr before = std::exchange(offered_[name], answer.value());
    note_problems(asked, *answer.value(), before.get());
    const auto row = actual_.find(name);
    const bool has_failed = offer.kind == Offer::Kind::kFailed ||
                            (row != actual_.end() && row->second.state == reconcile::State::kError);
    if (has_failed || !before || before->hash != answer.value()->hash) {
        child_changed(name);
    }
    offer.kind = Offer::Kind::kKnown;
    offer.failures = offer.config_hash == asked.config_hash ? offer.failures : 0;
    offer.config_hash = asked.config_hash;
    offer.schema_hash = answer.value()->hash;
    offer.error.clear();
    offer.is_dynamic = is_dynamic;
    offer.table_count = answer.value()->tables.size();
}

/// Each is said once, and again only after it was gone.
void Refresh::note_problems(const config::Connection& asked, const Offered& now,
                            const Offered* before) {
    for (const SchemaProblem& problem : now.problems) {
        const bool is_new = before == nullptr ||
                            std::find(before->problems.begin(), before->problems.end(), problem) ==
                                before->problems.end();
        if (is_new) {
            note("plugin", "left_out", "plugin", asked.name,
                 {{"what", secrets_.redact(asked.plugin_instance, problem.what)},
                  {"reason", secrets_.redact(asked.plugin_instance, problem.reason)}});
        }
    }
}

} // namespace penstock::service
