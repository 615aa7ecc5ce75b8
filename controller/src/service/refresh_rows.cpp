#include "service/logging.hpp"
#include "service/refresh.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

namespace asio = boost::asio;

namespace penstock::service {

namespace {

using catalog::Session;
using catalog::StateChange;
using reconcile::State;
using reconcile::StepKind;

/// A row that the database refused is tried again after this time.
constexpr std::chrono::seconds kRefusedRetry{30};

const std::map<StepKind, State> kStateOfStep = {{StepKind::kMarkPending, State::kPending},
                                                {StepKind::kMarkUpdating, State::kUpdating},
                                                {StepKind::kMarkReady, State::kReady},
                                                {StepKind::kMarkDeleting, State::kDeleting},
                                                {StepKind::kSetError, State::kError}};

/// Returns: why the database refused. Errors: what ends our leadership.
template <typename Item, typename Write>
std::optional<Error> refusal_of(const std::vector<Item>& items, Write& write) {
    try {
        write(items);
    } catch (const Exception& error) {
        if (ends_leadership(error.error())) {
            throw;
        }
        return error.error();
    }
    return std::nullopt;
}

/// All in one transaction; when the database refuses one, each alone, so that a bad one does not
/// keep the others out. Returns: those refused and why.
template <typename Item, typename Write>
std::vector<std::pair<Item, Error>> all_or_each(const std::vector<Item>& items, Write write) {
    std::vector<std::pair<Item, Error>> refused;
    if (!refusal_of(items, write)) {
        return refused;
    }
    for (const Item& item : items) {
        if (const auto error = refusal_of(std::vector<Item>{item}, write)) {
            refused.emplace_back(item, *error);
        }
    }
    return refused;
}

} // namespace

/// While queries wait, their rows alone: a transaction of thousands would keep them.
Refresh::RowWork Refresh::row_work(const std::vector<reconcile::Step>& steps) const {
    std::vector<reconcile::Step> urgent;
    std::copy_if(steps.begin(), steps.end(), std::back_inserter(urgent),
                 [this](const reconcile::Step& step) { return is_waited_for(step); });
    RowWork work = row_work_of(urgent);
    return work.is_empty() ? row_work_of(steps) : work;
}

Refresh::RowWork Refresh::row_work_of(const std::vector<reconcile::Step>& steps) const {
    RowWork work;
    const auto now = hosting::Clock::now();
    for (const reconcile::Step& step : steps) {
        const auto patience = not_before_.find(step.connection);
        const bool must_wait = patience != not_before_.end() && patience->second > now;
        if (in_schema_work_.contains(step.connection) || must_wait) {
            continue;
        }
        if (step.kind == StepKind::kCreate) {
            work.creates.push_back(desired_.at(step.connection));
        } else if (step.kind == StepKind::kUpdateRow) {
            work.updates.push_back(desired_.at(step.connection));
        } else if (step.kind == StepKind::kMarkUnloaded) {
            work.unloaded.push_back(unloaded_of(step.connection));
        } else if (const auto state = kStateOfStep.find(step.kind); state != kStateOfStep.end()) {
            work.changes.push_back(
                {step.connection, state->second, step.error, step.attempts, step.retry_in_ms});
        }
    }
    return work;
}

asio::awaitable<void> Refresh::change_rows(RowWork work) {
    if (!work.creates.empty()) {
        co_await create_rows(std::move(work.creates));
        read_at_ = {}; // a schema of that name may have been there before
    }
    if (!work.updates.empty()) {
        const auto update = [updates = work.updates](Session& session) {
            session.update_rows(updates);
        };
        co_await sessions_.run(update);
        for (const reconcile::DesiredConnection& wanted : work.updates) {
            reconcile::ActualConnection& row = actual_[wanted.name];
            row.plugin = wanted.plugin;
            row.plugin_instance = wanted.plugin_instance;
            row.type = wanted.type;
            row.children = wanted.children;
            row.import_schema = wanted.import_schema;
            row.file_name = wanted.file_name;
            row.start_line = wanted.start_line;
            row.end_line = wanted.end_line;
            changed_in_[wanted.name] = ++change_count_;
        }
    }
    if (!work.changes.empty()) {
        const auto change = [changes = work.changes](Session& session) {
            session.change_states(changes);
        };
        co_await sessions_.run(change);
        for (const StateChange& change : work.changes) {
            take_change(change);
        }
    }
    if (!work.unloaded.empty()) {
        const auto mark = [unloaded = work.unloaded](Session& session) {
            session.mark_unloaded(unloaded);
        };
        co_await sessions_.run(mark);
        for (const catalog::Unloaded& unloaded : work.unloaded) {
            take_unloaded(unloaded);
        }
    }
}

asio::awaitable<void> Refresh::create_rows(std::vector<reconcile::DesiredConnection> creates) {
    using Refused = std::pair<reconcile::DesiredConnection, Error>;
    const auto create = [creates = std::move(creates)](Session& session) {
        return all_or_each(creates,
                           [&session](const auto& some) { session.create_connections(some); });
    };
    const std::vector<Refused> refused = co_await sessions_.run(create);
    for (const auto& [wanted, error] : refused) {
        log_error("could not create connection \"" + wanted.name + "\": " + one_line(error));
        note("connection", "create_failed", "controller", wanted.name,
             {{"error", one_line(error)}});
        not_before_[wanted.name] = hosting::Clock::now() + kRefusedRetry;
    }
}

asio::awaitable<void> Refresh::write_servers() {
    using RefusedServer = std::pair<catalog::Server, Error>;
    if (instances_.servers() == written_servers_) {
        co_return; // most changes of the configuration are about connections
    }
    written_servers_ = instances_.servers();
    const auto ensure = [servers = written_servers_](Session& session) {
        return all_or_each(servers, [&session](const auto& some) { session.ensure_servers(some); });
    };
    const std::vector<RefusedServer> refused = co_await sessions_.run(ensure);
    for (const auto& [server, error] : refused) {
        // Its connections will say so too: they find no server.
        log_error("plugin instance \"" + server.label + "\": " + one_line(error));
        note("plugin", "server_failed", "controller", "",
             {{"instance", server.label}, {"error", one_line(error)}});
    }
}

void Refresh::take_change(const StateChange& change) {
    reconcile::ActualConnection& row = actual_[change.connection];
    const bool is_new = row.state != change.to || row.error != change.error;
    is_working_ = is_working_ || is_new;
    row.name = change.connection;
    row.state = change.to;
    row.error = change.error;
    row.attempts = change.attempts;
    row.next_attempt_ms = 0;
    if (change.retry_in_ms > 0) {
        const auto at = hosting::Clock::now() + std::chrono::milliseconds(change.retry_in_ms);
        row.next_attempt_ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
    }
    changed_in_[change.connection] = ++change_count_;
    if (change.to == State::kError && is_new) { // said once, however often it is tried again
        log_warning("connection \"" + change.connection + "\": " + change.error);
        note("connection", "error", "controller", change.connection, {{"error", change.error}});
    } else {
        log_debug("connection \"" + change.connection + "\": " + reconcile::name_of(change.to));
    }
}

catalog::Unloaded Refresh::unloaded_of(const std::string& name) const {
    const reconcile::Offer& offer = offers_.at(name);
    const OfferedPtr& offered = offered_.at(name);
    return {.connection = name,
            .schema_hash = offer.schema_hash,
            .config_hash = offer.config_hash,
            .table_count = static_cast<int>(offer.table_count),
            .is_dynamic = offer.is_dynamic,
            .tables = {offered, &offered->tables},
            .plugin_mod_time_us = instances_.executable_time_us(desired_.at(name).plugin_instance)};
}

void Refresh::take_unloaded(const catalog::Unloaded& unloaded) {
    reconcile::ActualConnection& row = actual_[unloaded.connection];
    has_leftovers_ = has_leftovers_ || row.schema_hash != unloaded.schema_hash;
    row.schema_hash = unloaded.schema_hash;
    row.config_hash = unloaded.config_hash;
    row.is_imported = false;
    row.schema_is_intact = true;
    row.comments_set = true;
    offers_[unloaded.connection].failures = 0;
    take_change({.connection = unloaded.connection, .to = State::kReady});
}

} // namespace penstock::service
