#include "catalog/json_text.hpp"
#include "catalog/session_impl.hpp"

#include <nlohmann/json.hpp>

namespace penstock::catalog {

namespace {

// Both statements touch a row only where something differs: the service calls them after every
// step, and an update is a dead row even when nothing changes.

constexpr const char* kWriteFiles =
    "with wanted as (select distinct on (path) * from jsonb_to_recordset($1::jsonb) as x(path "
    "text, state text, error text, line int, connection_count int) order by path), gone as (delete "
    "from penstock.config_file f where not exists (select from wanted w where w.path = f.path)) "
    "insert into penstock.config_file as f (path, state, error, line, connection_count) "
    "select path, state, nullif(error, ''), nullif(line, 0), connection_count from wanted "
    "on conflict (path) do update set (state, error, line, connection_count) = (excluded.state, "
    "excluded.error, excluded.line, excluded.connection_count) "
    "where (f.*) is distinct from (excluded.*)";

constexpr const char* kWritePlugins =
    "with wanted as (select distinct on (instance) * from jsonb_to_recordset($1::jsonb) as "
    "x(instance text, plugin text, version text, state text, error text, pid bigint, restarts int, "
    "memory_bytes bigint, sandbox text[]) order by instance), gone as (delete from penstock.plugin "
    "p where not exists (select from wanted w where w.instance = p.instance)) "
    "insert into penstock.plugin as p (instance, plugin, version, state, error, pid, restarts, "
    "memory_bytes, sandbox) select instance, plugin, nullif(version, ''), state, nullif(error, "
    "''), nullif(pid, 0), restarts, nullif(memory_bytes, 0), sandbox from wanted "
    "on conflict (instance) do update set (plugin, version, state, error, pid, restarts, "
    "memory_bytes, sandbox) = (excluded.plugin, excluded.version, excluded.state, excluded.error, "
    "excluded.pid, excluded.restarts, excluded.memory_bytes, excluded.sandbox) "
    "where (p.*) is distinct from (excluded.*)";

/// Rows of penstock.event that are kept.
constexpr int kEventsKept = 10000;

} // namespace

std::string event_detail(const std::string& name, const std::string& text) {
    nlohmann::json detail = nlohmann::json::object();
    detail[name] = text;
    return json_text(detail);
}

void Session::write_config_files(const std::vector<ConfigFileRow>& rows) {
    nlohmann::json list = nlohmann::json::array();
    for (const ConfigFileRow& row : rows) {
        list.push_back({{"path", row.path},
                        {"state", row.state},
                        {"error", row.error},
                        {"line", row.line},
                        {"connection_count", row.connection_count}});
    }
    const std::string text = json_text(list);
    impl_->write([&](pqxx::work& work) { exec(work, kWriteFiles, text); });
}

void Session::write_plugins(const std::vector<PluginRow>& rows) {
    nlohmann::json list = nlohmann::json::array();
    for (const PluginRow& row : rows) {
        list.push_back({{"instance", row.instance},
                        {"plugin", row.plugin},
                        {"version", row.version},
                        {"state", row.state},
                        {"error", row.error},
                        {"pid", row.pid},
                        {"restarts", row.restarts},
                        {"memory_bytes", row.memory_bytes},
                        {"sandbox", row.sandbox}});
    }
    const std::string text = json_text(list);
    impl_->write([&](pqxx::work& work) { exec(work, kWritePlugins, text); });
}

void Session::write_events(const std::vector<EventRow>& events) {
    nlohmann::json list = nlohmann::json::array();
    for (const EventRow& row : events) {
        list.push_back({{"kind", row.kind},
                        {"event", row.event},
                        {"source", row.source},
                        {"connection", row.connection},
                        {"detail", without_nul(row.detail_json)}});
    }
    const std::string text = json_text(list);
    impl_->write([&](pqxx::work& work) {
        exec(work,
             "insert into penstock.event (kind, event, source, connection, detail) select kind, "
             "event, source, nullif(connection, ''), coalesce(nullif(detail, ''), '{}')::jsonb "
             "from rows from (jsonb_to_recordset($1::jsonb) as (kind text, event text, source "
             "text, connection text, detail text)) with ordinality as e(kind, event, source, "
             "connection, detail, place) order by place",
             text);
        exec(work,
             "delete from penstock.event where id <= (select id from penstock.event order by id "
             "desc offset $1 limit 1)",
             kEventsKept);
    });
}

} // namespace penstock::catalog
