#include "catalog/json_text.hpp"
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

/// Rows, and empty schemas, of one transaction; the names of the schemas are locks until its end.
constexpr std::size_t kConnectionsPerTransaction = 1000;

std::string actual_query() {
    return "select coalesce(cs.connection_name, s.schema_name::text) as name, "
           "cs.connection_name is not null as has_row, cs.state, cs.error, cs.plugin, "
           "cs.plugin_instance, cs.type, to_json(cs.connections) as children, cs.import_schema, "
           "cs.config_hash, case when cs.table_count = 0 or exists (select from "
           "penstock.offered_table o where o.schema_hash = cs.schema_hash) then cs.schema_hash end "
           "as schema_hash, s.schema_name is not null as has_schema, "
           "coalesce(s.is_ours, false) as is_ours, "
           "coalesce(s.live_hash = cs.live_hash, false) and (cs.held_hash is null or "
           "cs.held_hash = " +
           held_hash_sql("cs.connection_name::name") +
           ") as is_intact, coalesce(s.live_hash, '') = '' as is_empty, cs.imported, "
           "cs.comments_set, cs.file_name, cs.start_line, cs.end_line, "
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
    actual.schema_is_empty = row["is_empty"].as<bool>();
    actual.is_imported = value_or(row["imported"], false);
    actual.comments_set = value_or(row["comments_set"], true);
    actual.file_name = text_of(row["file_name"]);
    actual.start_line = value_or(row["start_line"], 0);
    actual.end_line = value_or(row["end_line"], 0);
    actual.attempts = value_or(row["attempts"], 0);
    const auto wait_ms = value_or<std::int64_t>(row["wait_ms"], 0);
    actual.next_attempt_ms = wait_ms > 0 ? steady_now_ms() + wait_ms : 0;
    return actual;
}

// One statement for all rows of a transaction: with thousands of connections the round trips would
// cost more than the work.

constexpr const char* kRowColumns =
    "jsonb_to_recordset($1::jsonb) as r(name text, plugin text, plugin_instance text, type text, "
    "children jsonb, import_schema text, file_name text, start_line int, end_line int)";
constexpr const char* kChildren = "array(select jsonb_array_elements_text(r.children))";

std::string rows_json(std::span<const DesiredConnection> connections) {
    nlohmann::json rows = nlohmann::json::array();
    for (const DesiredConnection& desired : connections) {
        rows.push_back({{"name", desired.name},
                        {"plugin", desired.plugin},
                        {"plugin_instance", desired.plugin_instance},
                        {"type", desired.type},
                        {"children", desired.children},
                        {"import_schema", desired.import_schema},
                        {"file_name", desired.file_name},
                        {"start_line", desired.start_line},
                        {"end_line", desired.end_line}});
    }
    return json_text(rows);
}

void insert_rows(pqxx::work& work, std::span<const DesiredConnection> connections) {
    exec(work,
         "insert into penstock.connection_state (connection_name, state, plugin, plugin_instance, "
         "type, connections, import_schema, file_name, start_line, end_line) select r.name, "
         "'pending', r.plugin, r.plugin_instance, r.type, " +
             std::string{kChildren} +
             ", r.import_schema, r.file_name, r.start_line, r.end_line from " + kRowColumns +
             " on conflict (connection_name) do nothing",
         rows_json(connections));
}

void update_rows(pqxx::work& work, std::span<const DesiredConnection> connections) {
    exec(work,
         "update penstock.connection_state cs set plugin = r.plugin, plugin_instance = "
         "r.plugin_instance, type = r.type, connections = " +
             std::string{kChildren} +
             ", import_schema = r.import_schema, file_name = r.file_name, start_line = "
             "r.start_line, end_line = r.end_line from " +
             kRowColumns + " where cs.connection_name = r.name",
         rows_json(connections));
}

void change_states(pqxx::work& work, std::span<const StateChange> changes) {
    nlohmann::json rows = nlohmann::json::array();
    for (const StateChange& change : changes) {
        rows.push_back({{"name", change.connection},
                        {"state", reconcile::name_of(change.to)},
                        {"error", change.error},
                        {"attempts", change.attempts},
                        {"retry_in_ms", change.retry_in_ms}});
    }
    exec(work,
         "update penstock.connection_state cs set state = r.state, error = nullif(r.error, ''), "
         "attempts = r.attempts, next_attempt_at = case when r.retry_in_ms > 0 then "
         "clock_timestamp() + r.retry_in_ms * interval '1 ms' end, last_attempt_at = case when "
         "r.state in ('updating', 'error') then clock_timestamp() else cs.last_attempt_at end "
         "from jsonb_to_recordset($1::jsonb) as r(name text, state text, error text, attempts int, "
         "retry_in_ms bigint) where cs.connection_name = r.name",
         json_text(rows));
}

void mark_unloaded(pqxx::work& work, std::span<const Unloaded> connections) {
    nlohmann::json rows = nlohmann::json::array();
    OffersByHash offers;
    for (const Unloaded& unloaded : connections) {
        if (unloaded.tables) {
            offers.emplace(unloaded.schema_hash, unloaded.tables.get());
        }
        rows.push_back({{"name", unloaded.connection},
                        {"table_count", unloaded.table_count},
                        {"schema_mode", unloaded.is_dynamic ? "dynamic" : "static"},
                        {"schema_hash", unloaded.schema_hash},
                        {"config_hash", unloaded.config_hash},
                        {"mod_time_us", unloaded.plugin_mod_time_us}});
    }
    record_offers(work, offers);
    exec(work,
         "update penstock.connection_state cs set state = 'ready', error = null, imported = false, "
         "table_count = r.table_count, schema_mode = r.schema_mode, schema_hash = r.schema_hash, "
         "config_hash = r.config_hash, plugin_mod_time = " +
             mod_time_sql("r.mod_time_us") +
             ", comments_set = true, attempts = 0, next_attempt_at = null, "
             "live_hash = '', held_hash = null from jsonb_to_recordset($1::jsonb) as r(name text, "
             "table_count int, schema_mode text, schema_hash text, config_hash text, mod_time_us "
             "bigint) "
             "where cs.connection_name = r.name",
         json_text(rows));
}

/// Why a connection cannot have its schema; nullopt when it can, or needs no new one.
std::optional<std::string> problem_of(const DesiredConnection& desired,
                                      const std::map<std::string, bool>& live_schemas) {
    std::optional<std::string> problem = problem_of_schema_name(desired.name);
    if (!problem && live_schemas.contains(desired.name)) {
        problem = not_ours_text(desired.name);
    }
    return problem;
}

/// Every schema by name, and whether it is ours.
std::map<std::string, bool> read_live_schemas(pqxx::work& work) {
    std::map<std::string, bool> schemas;
    for (const auto& row : exec(work, "select schema_name, is_ours from penstock.live_schema")) {
        schemas.emplace(row[0].as<std::string>(), row[1].as<bool>());
    }
    return schemas;
}

/// The rows, and the empty schemas of those that want one and may have it.
void create_batch(pqxx::work& work, std::span<const DesiredConnection> connections) {
    const auto live_schemas = read_live_schemas(work);
    insert_rows(work, connections);
    std::vector<StateChange> errors;
    std::string statements;
    for (const DesiredConnection& desired : connections) {
        const auto live = live_schemas.find(desired.name);
        const bool has_schema = live != live_schemas.end() && live->second;
        if (desired.error || desired.import_schema == "disabled" || has_schema) {
            continue;
        }
        if (const auto problem = problem_of(desired, live_schemas)) {
            errors.push_back({.connection = desired.name, .to = State::kError, .error = *problem});
        } else {
            statements += create_schema_sql(work, desired.name, desired.plugin);
        }
    }
    if (!statements.empty()) {
        exec(work, statements);
    }
    if (!errors.empty()) {
        change_states(work, errors);
    }
}

/// `write` with at most kConnectionsPerTransaction of `items` in each transaction.
template <typename Item>
void write_in_batches(Writer& writer, const std::vector<Item>& items,
                      void (*write)(pqxx::work&, std::span<const Item>)) {
    if (items.empty()) {
        return;
    }
    const auto write_batch = [&](Batch batch) {
        const std::span<const Item> some(items.data() + batch.start, batch.end - batch.start);
        writer.write([&](pqxx::work& work) { write(work, some); });
    };
    for_each_batch(items.size(), write_batch, kConnectionsPerTransaction);
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
    write_in_batches(*impl_, connections, create_batch);
}

void Session::update_rows(const std::vector<DesiredConnection>& connections) {
    write_in_batches(*impl_, connections, catalog::update_rows);
}

void Session::change_states(const std::vector<StateChange>& changes) {
    write_in_batches(*impl_, changes, catalog::change_states);
}

void Session::mark_unloaded(const std::vector<Unloaded>& connections) {
    write_in_batches(*impl_, connections, catalog::mark_unloaded);
}

} // namespace penstock::catalog
