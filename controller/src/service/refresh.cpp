#include "service/refresh.hpp"

#include "reconcile/loading.hpp"
#include "service/desired_state.hpp"
#include "service/logging.hpp"

#include <algorithm>

namespace asio = boost::asio;

namespace penstock::service {

namespace {

using catalog::Session;
using hosting::Clock;
using reconcile::State;
using reconcile::StepKind;

/// Schemas that somebody dropped or changed by hand are mended after this time.
constexpr std::chrono::seconds kReadInterval{30};
/// While more answers than this are on their way, turns are not taken for each of them.
constexpr std::size_t kCrowd = 16;
constexpr std::chrono::milliseconds kLongestRest{200};
/// Events that wait for a database that is away; older ones are of no use then.
constexpr std::size_t kMaxWaitingEvents = 1000;

Clock::time_point time_of(std::int64_t steady_ms) {
    return Clock::time_point(std::chrono::milliseconds(steady_ms));
}

} // namespace

Refresh::Refresh(asio::any_io_executor executor, SessionPool& sessions, Instances& instances)
    : executor_(std::move(executor)), sessions_(sessions), instances_(instances),
      changed_(executor_) {}

void Refresh::set_configuration(const config::Configuration& configuration) {
    for (const config::File& file : configuration.files) {
        const auto before =
            std::find_if(configuration_.files.begin(), configuration_.files.end(),
                         [&file](const config::File& other) { return other.path == file.path; });
        const bool was_bad = before != configuration_.files.end() && before->error;
        if (file.error && (!was_bad || before->content_hash != file.content_hash)) {
            const std::string text = one_line(*file.error);
            log_warning(text);
            note("config", "file_error", "watcher", "", {{"file", file.path}, {"error", text}});
        }
    }
    report_warnings(configuration);
    configuration_ = configuration;
    desired_ = make_desired(configuration_);
    index_children();
    release_unused_children();
    order_ = schema_order(configuration_, desired_);
    for (const auto& [label, instance] : configuration_.instances) {
        learn_secrets(label);
    }
    update_instances();
    has_new_files_ = has_new_servers_ = has_new_path_ = true;
    wake();
}

void Refresh::request(const std::string& connection) {
    // Anybody who may connect can send a notification, with any text: only names that are ours
    // leave a trace.
    if (!connection.empty() && !desired_.contains(connection) && !actual_.contains(connection)) {
        return;
    }
    std::set<std::string> labels;
    for (const auto& [name, wanted] : desired_) {
        if (connection.empty() || name == connection) {
            forget_offer(name);
            labels.insert(wanted.plugin_instance);
        }
    }
    for (const auto& [name, row] : actual_) { // those that wait to be deleted as well
        if (connection.empty() || name == connection) {
            hurried_.insert(name);
            not_before_.erase(name);
        }
    }
    for (const std::string& label : labels) {
        shared_.erase(label);
        if (instances_.status(label).state == hosting::HostState::kFailed) {
            instances_.restart(label);
        }
    }
    read_at_ = {}; // what somebody changed by hand is found now
    note("service", "refresh_requested", "user", connection, {});
    wake();
}

void Refresh::request_tables(const std::string& connection) {
    if (desired_.contains(connection) && referenced_.insert(connection).second) {
        static_cast<void>(want(connection));
        wake();
    }
}

void Refresh::note(std::string kind, std::string event, std::string source, std::string connection,
                   const std::vector<std::pair<std::string, std::string>>& detail) {
    if (events_.size() < kMaxWaitingEvents) {
        events_.push_back({std::move(kind), std::move(event), std::move(source),
                           std::move(connection), json_object(detail)});
    }
}

void Refresh::wake() {
    is_woken_ = true;
    changed_.notify();
}

void Refresh::lose(const std::string& reason) {
    if (!is_lost_) {
        is_lost_ = true;
        log_warning("lost the database: " + reason);
    }
    changed_.notify();
}

void Refresh::stop() {
    is_stopping_ = true;
    changed_.notify();
}

asio::awaitable<void> Refresh::lead() {
    is_lost_ = is_settled_ = false;
    has_new_files_ = has_new_plugins_ = has_new_servers_ = has_new_path_ = true;
    has_leftovers_ = true;
    actual_.clear();
    not_before_.clear();
    read_at_ = {};
    std::string failure;
    try {
        co_await sessions_.run([](Session& session) { session.reset_to_pending(); });
        co_await work();
    } catch (const std::exception& error) {
        failure = error.what();
    }
    if (!failure.empty()) {
        lose(failure);
    }
    co_await changed_.wait([this] { return in_schema_work_.empty(); }, Clock::time_point::max());
    tell_waiters(); // somebody else may come to lead
}

asio::awaitable<void> Refresh::say_goodbye() {
    has_new_plugins_ = true;
    has_new_servers_ = false;
    note("service", "stop", "controller", "", {});
    try {
        co_await write_side_rows();
        co_await sessions_.run([](Session& session) { session.withdraw_socket(); });
    } catch (const std::exception& error) {
        log_warning(std::string("could not write the last rows: ") + error.what());
    }
}

asio::awaitable<void> Refresh::work() {
    while (!is_over()) {
        is_woken_ = false;
        wake_at_ = Clock::time_point::max();
        const Clock::time_point began = Clock::now();
        has_new_waiter_ = false;
        co_await turn();
        tell_waiters();
        co_await rest(Clock::now() - began);
        co_await changed_.wait([this] { return is_woken_ || is_over(); }, wake_at_);
    }
}

/// A turn looks at every connection: in a crowd it is taken for at most half of the time.
asio::awaitable<void> Refresh::rest(Clock::duration time) {
    if (fetching_.size() > kCrowd) {
        const Clock::time_point until =
            Clock::now() + std::min<Clock::duration>(time, kLongestRest);
        const std::function<bool()> is_enough = [this] {
            return is_over() || fetching_.empty() || has_new_waiter_;
        };
        co_await changed_.wait(is_enough, until);
    }
}

asio::awaitable<void> Refresh::turn() {
    if (Clock::now() >= read_at_) {
        co_await read_actual();
    }
    if (std::exchange(has_new_servers_, false)) {
        co_await write_servers();
    }
    reconcile::plan_loading(desired_, actual_, offers_, referenced_,
                            static_cast<std::size_t>(configuration_.database.lazy_above_tables));
    reconcile::Desired with_unread = unread_connections(configuration_, desired_, actual_);
    if (!with_unread.empty()) {
        with_unread.insert(desired_.begin(), desired_.end());
    }
    const std::vector<reconcile::Step> steps = reconcile::reconcile(
        with_unread.empty() ? desired_ : with_unread, actual_, offers_, order_);
    RowWork rows = row_work(steps);
    if (!rows.is_empty()) {
        launch_waited_for(steps);
        co_await change_rows(std::move(rows));
        wake(); // the steps in hand are old now
        co_return;
    }
    launch(steps);
    co_await write_side_rows();
    if (has_new_path_) {
        has_new_path_ = false;
        const auto set_path = [path = search_path(configuration_, order_)](Session& session) {
            session.set_search_path(path);
        };
        co_await sessions_.run(set_path);
    }
    if (!is_settled_ && is_quiet()) {
        is_settled_ = true;
        co_await sessions_.run([](Session& session) { session.mark_settled(); });
    }
    co_await tidy();
    report_when_idle();
    wake_at_ = std::min(wake_at_, read_at_);
}

asio::awaitable<void> Refresh::write_side_rows() {
    if (std::exchange(has_new_files_, false)) {
        const auto write = [rows = config_file_rows(configuration_)](Session& session) {
            session.write_config_files(rows);
        };
        co_await sessions_.run(write);
    }
    if (std::exchange(has_new_plugins_, false)) {
        co_await write_plugins();
    }
    if (!events_.empty()) {
        co_await write_events();
    }
}

asio::awaitable<void> Refresh::write_plugins() {
    std::vector<catalog::PluginRow> rows = instances_.rows();
    for (catalog::PluginRow& row : rows) {
        row.error = secrets_.redact(row.instance, std::move(row.error));
    }
    const auto write = [rows = std::move(rows)](Session& session) { session.write_plugins(rows); };
    co_await sessions_.run(write);
}

/// They wait here until they are written: the database may go away in the middle.
asio::awaitable<void> Refresh::write_events() {
    const std::ptrdiff_t count = std::ssize(events_); // others may come meanwhile
    const auto write = [events = events_](Session& session) { session.write_events(events); };
    co_await sessions_.run(write);
    events_.erase(events_.begin(), events_.begin() + count);
}

/// Once nothing else is to be done: nobody waits for it.
asio::awaitable<void> Refresh::tidy() {
    if (!has_leftovers_ || !in_schema_work_.empty() || !fetching_.empty()) {
        co_return;
    }
    has_leftovers_ = false;
    std::vector<std::string> kept;
    for (const catalog::Server& server : instances_.servers()) {
        kept.push_back(server.label);
    }
    const auto tidy = [kept = std::move(kept)](Session& session) {
        session.drop_servers(kept);
        return session.forget_offers();
    };
    // When somebody was at work there, another turn tries again.
    has_leftovers_ = !co_await sessions_.run(tidy) || has_leftovers_;
}

/// What changed here while the rows were read is newer than what was read.
asio::awaitable<void> Refresh::read_actual() {
    read_at_ = Clock::now() + kReadInterval;
    has_new_plugins_ = true; // their memory
    has_new_servers_ = true; // somebody may have changed them
    written_servers_.clear();
    const std::uint64_t began = change_count_;
    reconcile::Actual fresh =
        co_await sessions_.run([](Session& session) { return session.read_actual(); });
    for (const auto& [name, at] : changed_in_) {
        if (at <= began && !in_schema_work_.contains(name)) {
            continue;
        }
        const auto kept = actual_.find(name);
        fresh.erase(name);
        if (kept != actual_.end()) {
            fresh.insert(*kept);
        }
    }
    actual_ = std::move(fresh);
}

Clock::time_point Refresh::due_of(const reconcile::Step& step) const {
    if (hurried_.contains(step.connection)) {
        return {};
    }
    const auto patience = not_before_.find(step.connection);
    const Clock::time_point due = time_of(step.not_before_ms);
    return patience == not_before_.end() ? due : std::max(due, patience->second);
}

void Refresh::launch(const std::vector<reconcile::Step>& steps) {
    std::vector<reconcile::Step> ordered = steps;
    std::set<std::string> still_hurried;
    // Comments last: nobody's query waits for one.
    std::stable_partition(ordered.begin(), ordered.end(), [](const reconcile::Step& step) {
        return step.kind != StepKind::kComment;
    });
    // An aggregator asks once its children have answered.
    std::stable_partition(ordered.begin(), ordered.end(), [this](const reconcile::Step& step) {
        return !is_aggregate_fetch(step);
    });
    std::vector<std::string> drops;
    std::stable_partition(ordered.begin(), ordered.end(),
                          [this](const reconcile::Step& step) { return is_waited_for(step); });
    for (const reconcile::Step& step : ordered) {
        const Clock::time_point due = due_of(step);
        if (due > Clock::now()) {
            wake_at_ = std::min(wake_at_, due);
        } else if (step.kind == StepKind::kDrop) {
            drops.push_back(step.connection);
        } else if (launch_one(step)) {
            is_working_ = is_working_ || step.kind != StepKind::kFetch;
        } else if (hurried_.contains(step.connection)) {
            still_hurried.insert(
                step.connection); // its plugin is not up yet, or no session is free
        }
    }
    for (const std::string& name : launch_drops(drops)) {
        if (hurried_.contains(name)) { // an attempt that began before it was asked for is none
            still_hurried.insert(name);
        }
    }
    hurried_ = std::move(still_hurried);
}

bool Refresh::launch_one(const reconcile::Step& step) {
    return step.kind == StepKind::kFetch ? launch_fetch(step.connection) : launch_schema_work(step);
}

bool Refresh::is_quiet() const {
    return in_schema_work_.empty() && fetching_.empty() &&
           std::none_of(actual_.begin(), actual_.end(), [](const auto& entry) {
               const reconcile::ActualConnection& row = entry.second;
               return row.has_row &&
                      (row.state == State::kPending || row.state == State::kUpdating);
           });
}

void Refresh::report_when_idle() {
    if (!is_working_ || !in_schema_work_.empty() || !fetching_.empty()) {
        return;
    }
    std::map<State, int> counts;
    for (const auto& [name, row] : actual_) {
        counts[row.state] += row.has_row ? 1 : 0;
    }
    if (counts.contains(State::kPending) || counts.contains(State::kUpdating)) {
        return; // a plugin is still on its way
    }
    is_working_ = false;
    std::vector<std::pair<std::string, std::string>> detail;
    std::string text = "refresh done:";
    for (const auto& [state, count] : counts) {
        detail.emplace_back(reconcile::name_of(state), std::to_string(count));
        text += " " + std::to_string(count) + " " + reconcile::name_of(state);
    }
    log_info(text);
    note("service", "refresh_done", "controller", "", detail);
    wake();
}

} // namespace penstock::service
