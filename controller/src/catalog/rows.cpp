#include "catalog/session_impl.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <span>

namespace penstock::catalog {

namespace {

using reconcile::ActualConnection;
using reconcile::DesiredConnection;
using reconcile::State;

/// Rows and empty schemas of one transaction; a schema costs four statements.
constexpr std::size_t kConnectionsPerTransaction = 1000;

std::string actual_query() {
    return "select coalesce(cs.connection_name, s.schema_name::text) as name, "
           "cs.connection_name is not null as has_row, cs.state, cs.error, cs.plugin, "
           "cs.plugin_instance, cs.type, to_json(cs.connections) as children, cs.import_schema, "
           "cs.config_hash, cs.schema_hash, s.schema_name is not null as has_schema, "
           "coalesce(s.is_ours, false) as is_ours, "
           "coalesce(s.live_hash = cs.live_hash, false) and (cs.held_hash is null or "
           "cs.held_hash = " +
           held_hash_sql("cs.connection_name::name") +
           ") as is_intact, cs.comments_set, cs.file_name, cs.start_line, cs.end_line, "
           "cs.attempts, ceil(extract(epoch from cs.next_attempt_at - clock_timestamp()) * 1000)"
           "::bigint as wait_ms "
           "from penstock.connection_state cs full join penstock.live_schema s "
           "on s.schema_name::text = cs.connection_name "
           "where cs.connection_name is not null or s.is_ours";
}

template <typename T>
T value_or(const pqxx::field& field, const T& fallback) {
    return field.is_null() ? fallback : field.as<T>();
}

std::string text_of(const pqxx::field& field) {
    return value_or<std::string>(field, {});
}

std::int64_t steady_now_ms() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

ActualConnection actual_from_row(const pqxx::row& row) {
    ActualConnection actual;
    actual.name = row["name"].as<std::string>();
    actual.has_row = row["has_row"].as<bool>();
    actual.state = reconcile::state_from_text(text_of(row["state"])).value_or(State::kPending);
    actual.error = text_of(row["error"]);
    actual.plugin = text_of(row["plugin"]);
    actual.plugin_instance = text_of(row["plugin_instance"]);
    actual.type = text_of(row["type"]);
    if (!row["children"].is_null()) {
        actual.children = nlohmann::json::parse(row["children"].as<std::string>())
                              .get<std::vector<std::string>>();
    }
    actual.import_schema = text_of(row["import_schema"]);
    actual.config_hash = text_of(row["config_hash"]);
    actual.schema_hash = text_of(row["schema_hash"]);
    actual.has_schema = row["has_schema"].as<bool>();
    actual.schema_is_ours = row["is_ours"].as<bool>();
    actual.schema_is_intact = row["is_intact"].as<bool>();
    actual.comments_set = value_or(row["comments_set"], true);
    actual.file_name = text_of(row["file_name"]);
    actual.start_line = value_or(row["start_line"], 0);
    actual.end_line = value_or(row["end_line"], 0);
    actual.attempts = value_or(row["attempts"], 0);
    const auto wait_ms = value_or<std::int64_t>(row["wait_ms"], 0);
    actual.next_attempt_ms = wait_ms > 0 ? steady_now_ms() + wait_ms : 0;
    return actual;
}

void insert_row(pqxx::work& work, const DesiredConnection& desired) {
    exec(work,
         "insert into penstock.connection_state (connection_name, state, plugin, plugin_instance, "
         "type, connections, import_schema, file_name, start_line, end_line) values ($1, "
         "'pending', $2, $3, $4, array(select jsonb_array_elements_text($5::jsonb)), $6, $7, $8, "
         "$9) on conflict (connection_name) do nothing",
         desired.name, desired.plugin, desired.plugin_instance, desired.type,
         nlohmann::json(desired.children).dump(), desired.import_schema, desired.file_name,
         desired.start_line, desired.end_line);
}

void change_state(pqxx::work& work, const StateChange& change) {
    exec(work,
         "update penstock.connection_state set state = $2, error = nullif($3, ''), "
         "attempts = $4, next_attempt_at = case when $5::bigint > 0 then clock_timestamp() + "
         "$5::bigint * interval '1 ms' end, last_attempt_at = case when $2 in ('updating', "
         "'error') then clock_timestamp() else last_attempt_at end where connection_name = $1",
         change.connection, std::string{reconcile::name_of(change.to)}, change.error,
         change.attempts, change.retry_in_ms);
}

/// The row, and the empty schema where the connection wants one and may have it.
void create_connection(pqxx::work& work, const DesiredConnection& desired,
                       const std::map<std::string, bool>& live_schemas) {
    insert_row(work, desired);
    if (desired.error || desired.import_schema == "disabled") {
        return;
    }
    const auto live = live_schemas.find(desired.name);
    if (live != live_schemas.end() && live->second) {
        return;
    }
    std::optional<std::string> problem = problem_of_schema_name(desired.name);
    if (!problem && live != live_schemas.end()) {
        problem = not_ours_text(desired.name);
    }
    if (problem) {
        change_state(work, {.connection = desired.name, .to = State::kError, .error = *problem});
        return;
    }
    create_schema(work, desired.name, desired.plugin);
}

/// Every schema by name, and whether it is ours.
std::map<std::string, bool> read_live_schemas(pqxx::work& work) {
    std::map<std::string, bool> schemas;
    for (const auto& row : exec(work, "select schema_name, is_ours from penstock.live_schema")) {
        schemas.emplace(row[0].as<std::string>(), row[1].as<bool>());
    }
    return schemas;
}

void create_batch(pqxx::work& work, std::span<const DesiredConnection> connections) {
    const auto live_schemas = read_live_schemas(work);
    for (const DesiredConnection& desired : connections) {
        create_connection(work, desired, live_schemas);
    }
}

} // namespace

reconcile::Actual Session::read_actual() {
    reconcile::Actual actual;
    impl_->connection.transact([&](pqxx::work& work) {
        for (const auto& row : exec(work, actual_query())) {
            ActualConnection connection = actual_from_row(row);
            std::string name = connection.name;
            actual.emplace(std::move(name), std::move(connection));
        }
    });
    return actual;
}

void Session::reset_to_pending() {
    impl_->write([](pqxx::work& work) {
        exec(work, "update penstock.connection_state set state = 'pending', error = null, "
                   "attempts = 0, next_attempt_at = null where state <> 'disabled'");
    });
}

void Session::create_connections(const std::vector<DesiredConnection>& connections) {
    for (std::size_t start = 0; start < connections.size(); start += kConnectionsPerTransaction) {
        const std::size_t end = std::min(start + kConnectionsPerTransaction, connections.size());
        const std::span batch(connections.data() + start, end - start);
        impl_->write([batch](pqxx::work& work) { create_batch(work, batch); });
    }
}

void Session::update_rows(const std::vector<DesiredConnection>& connections) {
    impl_->write([&](pqxx::work& work) {
        for (const DesiredConnection& desired : connections) {
            exec(work,
                 "update penstock.connection_state set plugin = $2, plugin_instance = $3, "
                 "type = $4, connections = array(select jsonb_array_elements_text($5::jsonb)), "
                 "import_schema = $6, file_name = $7, start_line = $8, end_line = $9 "
                 "where connection_name = $1",
                 desired.name, desired.plugin, desired.plugin_instance, desired.type,
                 nlohmann::json(desired.children).dump(), desired.import_schema, desired.file_name,
                 desired.start_line, desired.end_line);
        }
    });
}

void Session::change_states(const std::vector<StateChange>& changes) {
    impl_->write([&](pqxx::work& work) {
        for (const StateChange& change : changes) {
            change_state(work, change);
        }
    });
}

} // namespace penstock::catalog
