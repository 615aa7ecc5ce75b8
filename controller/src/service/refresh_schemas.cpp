#include "service/logging.hpp"
#include "service/refresh.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <optional>

namespace asio = boost::asio;

namespace penstock::service {

namespace {

using catalog::Session;
using hosting::Clock;
using reconcile::State;
using reconcile::StepKind;

/// Connections that one job drops: the sessions share thousands, and none is held up for long.
constexpr std::size_t kDropsOfJob = 200;
/// After a failure that no offer accounts for (comments, a drop).
constexpr std::chrono::seconds kSchemaRetry{5};

} // namespace

bool Refresh::launch_schema_work(const reconcile::Step& step) {
    const bool is_ours = step.kind == StepKind::kApply || step.kind == StepKind::kComment ||
                         step.kind == StepKind::kDisable;
    // One that finds no session is launched when another ends.
    const int most =
        SessionPool::kSchemaSessions + (is_waited_for(step) ? SessionPool::kUrgentSessions : 0);
    if (!is_ours || schema_job_count_ >= most || !in_schema_work_.insert(step.connection).second) {
        return false;
    }
    ++schema_job_count_;
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
            co_await disable(step.connection);
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
    loading_.erase(step.connection);
    changed_in_[step.connection] = ++change_count_;
    --schema_job_count_;
    tell_waiters();
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
    const std::int64_t mod_time = instances_.executable_time_us(connection.plugin_instance);
    const auto on_locked = [this, &name] { // in the session's thread
        asio::post(executor_, [this, name] { loading_began(name); });
    };
    co_await sessions_.run([&](Session& session) {
        session.apply_schema(connection, offered->tables, is_dynamic, is_loaded, mod_time,
                             on_locked);
    });
    reconcile::ActualConnection& row = actual_[name];
    row.state = State::kReady;
    row.error.clear();
    row.attempts = 0;
    row.next_attempt_ms = 0;
    row.has_schema = true;
    row.schema_is_ours = true;
    row.schema_is_intact = true;
    has_leftovers_ = true; // the offer it had, or the server that its tables were on until now
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

asio::awaitable<void> Refresh::disable(std::string name) {
    const bool is_gone = co_await sessions_.run(
        [&](Session& session) { return session.drop_connection(name, true); });
    if (!is_gone) {
        drop_is_held(name);
        co_return;
    }
    reconcile::ActualConnection& row = actual_[name];
    row.state = State::kDisabled;
    row.error.clear();
    row.has_schema = false;
    row.schema_hash.clear();
    take_drop(name);
    log_info("connection \"" + name + "\": disabled");
}

/// Returns: those that found no session, or are at work already; launched when a job ends.
std::vector<std::string> Refresh::launch_drops(const std::vector<std::string>& names) {
    std::vector<std::string> some;
    std::vector<std::string> left;
    for (const std::string& name : names) {
        if (schema_job_count_ < SessionPool::kSchemaSessions &&
            in_schema_work_.insert(name).second) {
            some.push_back(name);
        } else {
            left.push_back(name);
        }
        if (some.size() == kDropsOfJob || (&name == &names.back() && !some.empty())) {
            ++schema_job_count_;
            is_working_ = true;
            asio::co_spawn(executor_, drop(std::exchange(some, {})), asio::detached);
        }
    }
    return left;
}

asio::awaitable<void> Refresh::drop(std::vector<std::string> names) {
    std::optional<Error> failure;
    try {
        co_await drop_now(names);
    } catch (const Exception& error) {
        failure = error.error();
    } catch (const std::exception& error) {
        failure = Error::make(ErrorKind::kInternal, error.what());
    }
    for (const std::string& name : names) {
        if (failure) {
            schema_work_failed({.kind = StepKind::kDrop, .connection = name}, *failure);
        }
        in_schema_work_.erase(name);
        changed_in_[name] = ++change_count_;
    }
    --schema_job_count_;
    wake();
}

asio::awaitable<void> Refresh::drop_now(const std::vector<std::string>& names) {
    const Session::NotDropped left =
        co_await sessions_.run([&](Session& session) { return session.drop_connections(names); });
    std::set<std::string> is_left;
    for (const std::string& name : left.held) {
        drop_is_held(name);
        is_left.insert(name);
    }
    for (const auto& [name, error] : left.failed) {
        schema_work_failed({.kind = StepKind::kDrop, .connection = name}, error);
        is_left.insert(name);
    }
    for (const std::string& name : names) {
        if (!is_left.contains(name)) {
            actual_.erase(name);
            not_before_.erase(name);
            take_drop(name);
            note("connection", "deleted", "controller", name, {});
            log_info("connection \"" + name + "\": deleted");
        }
    }
}

/// The row says which objects hold it, and when to try again.
void Refresh::drop_is_held(const std::string& name) {
    read_at_ = {};
    not_before_[name] = Clock::now() + kSchemaRetry;
    log_warning("connection \"" + name + "\": other objects depend on its tables");
}

/// Its schema is gone: what we know of its tables is of no use any more.
void Refresh::take_drop(const std::string& name) {
    has_leftovers_ = true;
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
    has_leftovers_ = true;
}

} // namespace penstock::service
