#include "service/logging.hpp"
#include "service/refresh.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <optional>

namespace asio = boost::asio;

namespace penstock::service {

namespace {

using catalog::Session;
using hosting::Clock;
using reconcile::State;
using reconcile::StepKind;

/// After a failure that no offer accounts for (comments, a drop).
constexpr std::chrono::seconds kSchemaRetry{5};

} // namespace

bool Refresh::launch_schema_work(const reconcile::Step& step) {
    const bool is_ours = step.kind == StepKind::kApply || step.kind == StepKind::kComment ||
                         step.kind == StepKind::kDrop || step.kind == StepKind::kDisable;
    // One that finds no session is launched when another ends.
    if (!is_ours || in_schema_work_.size() >= SessionPool::kSchemaSessions ||
        !in_schema_work_.insert(step.connection).second) {
        return false;
    }
    asio::co_spawn(executor_, schema_work(step), asio::detached);
    return true;
}

asio::awaitable<void> Refresh::schema_work(reconcile::Step step) {
    std::optional<Error> failure;
    try {
        if (step.kind == StepKind::kApply) {
            co_await apply(step.connection);
        } else if (step.kind == StepKind::kComment) {
            co_await comment(step.connection);
        } else {
            co_await drop(step.connection, step.kind == StepKind::kDisable);
        }
    } catch (const Exception& error) {
        failure = error.error();
    } catch (const std::exception& error) {
        failure = Error::make(ErrorKind::kInternal, error.what());
    }
    if (failure) {
        schema_work_failed(step, *failure);
    }
    in_schema_work_.erase(step.connection);
    changed_in_[step.connection] = ++change_count_;
    wake();
}

asio::awaitable<void> Refresh::apply(std::string name) {
    const auto wanted = desired_.find(name);
    const auto known = offered_.find(name);
    if (wanted == desired_.end() || known == offered_.end()) {
        co_return;
    }
    const reconcile::DesiredConnection connection = wanted->second;
    const OfferedPtr offered = known->second;
    const bool is_dynamic = offers_[name].is_dynamic;
    // Tables that were made once stay.
    const bool is_loaded = connection.wants_tables || actual_[name].is_imported;
    co_await sessions_.run([&](Session& session) {
        session.apply_schema(connection, offered->tables, is_dynamic, is_loaded);
    });
    reconcile::ActualConnection& row = actual_[name];
    row.state = State::kReady;
    row.error.clear();
    row.attempts = 0;
    row.next_attempt_ms = 0;
    row.has_schema = true;
    row.schema_is_ours = true;
    row.schema_is_intact = true;
    has_old_offers_ = has_old_offers_ || row.schema_hash != offered->hash;
    row.schema_hash = offered->hash;
    row.config_hash = connection.config_hash;
    row.is_imported = is_loaded;
    row.schema_is_empty = !is_loaded;
    row.comments_set = !is_loaded;
    offers_[name].failures = 0;
    log_info("connection \"" + name + "\": ready, " + std::to_string(offered->tables.size()) +
             " tables" + (is_loaded ? "" : " on offer"));
}

asio::awaitable<void> Refresh::comment(std::string name) {
    const auto known = offered_.find(name);
    if (known == offered_.end()) {
        co_return;
    }
    const OfferedPtr offered = known->second;
    co_await sessions_.run(
        [&](Session& session) { session.apply_comments(name, offered->tables); });
    actual_[name].comments_set = true;
}

asio::awaitable<void> Refresh::drop(std::string name, bool keep_row_disabled) {
    const bool is_gone = co_await sessions_.run(
        [&](Session& session) { return session.drop_connection(name, keep_row_disabled); });
    if (!is_gone) {
        // The row says which objects hold it, and when to try again.
        read_at_ = {};
        not_before_[name] = Clock::now() + kSchemaRetry;
        log_warning("connection \"" + name + "\": other objects depend on its tables");
        co_return;
    }
    has_old_offers_ = true;
    if (keep_row_disabled) {
        reconcile::ActualConnection& row = actual_[name];
        row.state = State::kDisabled;
        row.error.clear();
        row.has_schema = false;
        row.schema_hash.clear();
    } else {
        actual_.erase(name);
        not_before_.erase(name);
        note("connection", "deleted", "controller", name, {});
    }
    forget_offer(name);
    offered_.erase(name);
    referenced_.erase(name);
    if (held_.erase(name) > 0) {
        release_unused_children();
    }
    if (is_lent(name)) {
        lent_.insert(name);
    } else if (const auto on = configured_on_.find(name); on != configured_on_.end()) {
        const std::string label = on->second;
        configured_on_.erase(on);
        release(name, label);
    }
    log_info("connection \"" + name + "\": " + (keep_row_disabled ? "disabled" : "deleted"));
}

void Refresh::schema_work_failed(const reconcile::Step& step, const Error& error) {
    const std::string text = one_line(error);
    if (ends_leadership(error)) {
        lose(text);
    } else if (step.kind == StepKind::kApply) {
        fail(step.connection, text); // its transition to error is logged
    } else {
        log_warning("connection \"" + step.connection + "\": " + text);
        note("connection", "schema_work_failed", "controller", step.connection, {{"error", text}});
        not_before_[step.connection] = Clock::now() + kSchemaRetry;
    }
}

/// The instance need not know the connection any more.
void Refresh::release(const std::string& name, const std::string& label) {
    if (const auto host = instances_.find(label)) {
        asio::co_spawn(
            executor_,
            [](std::shared_ptr<hosting::PluginHost> plugin,
               std::string connection) -> asio::awaitable<void> {
                // A plugin that is gone has forgotten it as well.
                static_cast<void>(co_await plugin->forget(std::move(connection)));
            }(host, name),
            asio::detached);
    }
    update_instances();
}

void Refresh::update_instances() {
    std::set<std::string> still_used;
    for (const auto& [name, label] : configured_on_) {
        still_used.insert(label);
    }
    std::map<std::string, config::PluginInstance> wanted;
    for (const auto& [label, instance] : configuration_.instances) {
        if (!connections_of(label).empty()) {
            wanted.emplace(label, instance);
        }
    }
    instances_.set_wanted(wanted, still_used);
    has_new_servers_ = true;
}

} // namespace penstock::service
