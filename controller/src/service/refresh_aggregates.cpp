#include "service/logging.hpp"
#include "service/refresh.hpp"

#include <algorithm>

namespace asio = boost::asio;

namespace penstock::service {

namespace {

using config::ConnectionType;
using hosting::Clock;

/// Children that change within this time are asked for in one go.
constexpr std::chrono::milliseconds kChildFold{100};

std::vector<std::string> warnings_of(const config::Configuration& configuration,
                                     const std::string& name) {
    std::vector<std::string> texts;
    if (const auto found = configuration.connections.find(name);
        found != configuration.connections.end()) {
        for (const config::ConfigError& warning : found->second.warnings) {
            texts.push_back(one_line(warning));
        }
    }
    return texts;
}

} // namespace

/// Who has to look again when a connection changes.
void Refresh::index_children() {
    aggregates_.clear();
    for (const auto& [name, wanted] : desired_) {
        if (wanted.error || wanted.import_schema == "disabled") {
            continue;
        }
        for (const std::string& child : wanted.children) {
            aggregates_[child].push_back(name);
        }
    }
}

/// Each is said once, when it comes up: an aggregator without all its children is no failure.
void Refresh::report_warnings(const config::Configuration& fresh) {
    for (const auto& [name, connection] : fresh.connections) {
        const std::vector<std::string> before = warnings_of(configuration_, name);
        for (const std::string& text : warnings_of(fresh, name)) {
            if (std::find(before.begin(), before.end(), text) == before.end()) {
                log_warning(text);
                note("connection", "warning", "controller", name, {{"warning", text}});
            }
        }
    }
}

bool Refresh::is_aggregate_fetch(const reconcile::Step& step) const {
    const auto wanted = desired_.find(step.connection);
    return step.kind == reconcile::StepKind::kFetch && wanted != desired_.end() &&
           wanted->second.type == "aggregator";
}

asio::awaitable<Result<Refresh::OfferedPtr>>
Refresh::ask_aggregate(std::string label, std::shared_ptr<hosting::PluginHost> host,
                       config::Connection connection) {
    const auto are_children_asked = [this, &connection] {
        return std::none_of(connection.children.begin(), connection.children.end(),
                            [this](const auto& child) { return fetching_.contains(child); });
    };
    co_await changed_.wait(are_children_asked, Clock::time_point::max());
    for (const std::string& child : connection.children) {
        co_await lend_child(label, host, child);
    }
    hosting::AggregateSpec spec;
    spec.children = connection.children;
    spec.on_error = connection.on_error == config::OnError::kPartial ? "partial" : "fail";
    const Arguments none;
    Status taken = co_await host->configure(connection.name, none, std::move(spec));
    if (!taken.ok()) {
        co_return taken.error();
    }
    note_configured(connection.name, label);
    held_[connection.name] = connection.children;
    release_unused_children();     // those that it had and has no more
    stale_.erase(connection.name); // what the children said until now is in the answer
    co_return co_await describe(host, connection.name);
}

/// The instance must know the child, also one that is never asked for its own sake. A child that is
/// refused is remembered with its error by the plugin, which tells it when it matters.
asio::awaitable<void> Refresh::lend_child(std::string label,
                                          std::shared_ptr<hosting::PluginHost> host,
                                          std::string child) {
    const auto found = configuration_.connections.find(child);
    if (found == configuration_.connections.end() || found->second.error ||
        host->knows(child, found->second.arguments)) {
        co_return;
    }
    const bool is_disabled = found->second.import_schema == config::ImportSchema::kDisabled;
    const Status taken = co_await host->configure(child, found->second.arguments);
    if (taken.ok()) {
        note_configured(child, label);
        if (is_disabled) {
            lent_.insert(child);
        }
    }
}

/// Its tables are others now, or can be read again: its aggregators look again.
void Refresh::child_changed(const std::string& child) {
    const auto found = aggregates_.find(child);
    if (found == aggregates_.end()) {
        return;
    }
    for (const std::string& name : found->second) {
        forget_offer(name);
        not_before_[name] = Clock::now() + kChildFold;
    }
}

/// Is it needed by an aggregator, whatever becomes of its own schema? Also by one that does not
/// want it any more, until the plugin knows: its queries must not fail meanwhile.
bool Refresh::is_lent(const std::string& child) const {
    const bool is_held = std::any_of(held_.begin(), held_.end(), [&child](const auto& entry) {
        return std::binary_search(entry.second.begin(), entry.second.end(), child);
    });
    return is_held || (aggregates_.contains(child) && desired_.contains(child));
}

void Refresh::release_unused_children() {
    for (auto child = lent_.begin(); child != lent_.end();) {
        const auto wanted = desired_.find(*child);
        const bool is_served = wanted != desired_.end() && !wanted->second.error &&
                               wanted->second.import_schema != "disabled";
        const auto on = configured_on_.find(*child);
        if (!is_served && is_lent(*child)) {
            ++child;
            continue;
        }
        if (!is_served && on != configured_on_.end()) {
            const std::string label = on->second;
            configured_on_.erase(on);
            release(*child, label);
        }
        child = lent_.erase(child);
    }
}

} // namespace penstock::service
