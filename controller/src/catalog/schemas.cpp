#include "catalog/session_impl.hpp"

#include "penstock/types/utf8.hpp"
#include "reconcile/reconcile.hpp"

#include <algorithm>

namespace penstock::catalog {

namespace {

constexpr std::size_t kHeldNamed = 10;

std::string join(const std::vector<std::string>& parts, std::size_t most) {
    std::string text;
    for (std::size_t index = 0; index < std::min(parts.size(), most); ++index) {
        text += (index == 0 ? "" : ", ") + parts[index];
    }
    if (parts.size() > most) {
        text += " and " + std::to_string(parts.size() - most) + " more";
    }
    return text;
}

std::vector<std::string> texts_of(const pqxx::result& rows) {
    std::vector<std::string> texts;
    for (const auto& row : rows) {
        texts.push_back(row[0].as<std::string>());
    }
    return texts;
}

/// Objects of a schema that are none of its foreign tables: they keep it from being dropped.
std::vector<std::string> foreign_objects_of(pqxx::work& work, const std::string& schema) {
    return texts_of(exec(
        work,
        "select distinct pg_describe_object(d.classid, d.objid, 0) from pg_depend d join "
        "pg_namespace n on d.refclassid = 'pg_namespace'::regclass and d.refobjid = n.oid "
        "where n.nspname = $1 and d.deptype = 'n' and not exists (select from pg_class c where "
        "d.classid = 'pg_class'::regclass and c.oid = d.objid and c.relkind = 'f') order by 1",
        schema));
}

std::vector<std::string> foreign_tables_of(Writer& session, const std::string& schema) {
    std::vector<std::string> names;
    session.connection.transact([&](pqxx::work& work) {
        names = texts_of(exec(work,
                              "select c.relname from pg_class c join pg_namespace n on n.oid = "
                              "c.relnamespace where n.nspname = $1 and c.relkind = 'f' order by 1",
                              schema));
    });
    return names;
}

/// Adds the table to `held` when it has to stay.
void drop_table(pqxx::work& work, const std::string& schema, const std::string& table,
                std::vector<Held>& held) {
    const bool is_gone =
        run_unless_held(work, "drop foreign table if exists " + work.quote_name(schema) + "." +
                                  work.quote_name(table) + " restrict");
    if (!is_gone) {
        held.push_back({"table \"" + table + "\"", dependents_of(work, schema, table, {})});
    }
}

void drop_batch(pqxx::work& work, const std::string& schema, const std::vector<std::string>& tables,
                Batch batch, std::vector<Held>& held) {
    for (std::size_t index = batch.start; index < batch.end; ++index) {
        drop_table(work, schema, tables[index], held);
    }
}

void finish_drop(pqxx::work& work, const std::string& connection, bool keep_row_disabled) {
    if (keep_row_disabled) {
        exec(work,
             "update penstock.connection_state set state = 'disabled', error = null, imported = "
             "false, table_count = 0, schema_hash = null, config_hash = null, live_hash = null, "
             "held_hash = null, comments_set = false, attempts = 0, next_attempt_at = null "
             "where connection_name = $1",
             connection);
        return;
    }
    exec(work, "delete from penstock.connection_state where connection_name = $1", connection);
}

void note_held(pqxx::work& work, const std::string& connection, const std::vector<Held>& held) {
    const auto rows = exec(work,
                           "select attempts from penstock.connection_state where "
                           "connection_name = $1 for update",
                           connection);
    const int attempts = rows.empty() ? 1 : rows[0][0].as<int>() + 1;
    exec(work,
         "update penstock.connection_state set error = $2, attempts = $3, last_attempt_at = "
         "clock_timestamp(), next_attempt_at = clock_timestamp() + $4::bigint * interval '1 ms' "
         "where connection_name = $1",
         connection, "waits for other objects: " + text_of_held(held), attempts,
         reconcile::backoff_ms(attempts));
}

} // namespace

std::optional<bool> is_our_schema(pqxx::work& work, const std::string& name) {
    // Compared as text: a cast to name would cut a long one and find another schema.
    const auto rows =
        exec(work, "select is_ours from penstock.live_schema where schema_name::text = $1", name);
    return rows.empty() ? std::nullopt : std::optional{rows[0][0].as<bool>()};
}

std::string create_schema_sql(pqxx::work& work, const std::string& connection,
                              const std::string& plugin) {
    const std::string schema = work.quote_name(connection);
    const std::string marker =
        "Penstock connection \"" + connection + "\", plugin \"" + plugin + "\"";
    return "create schema " + schema + "; comment on schema " + schema + " is " +
           work.quote(marker) + "; grant usage on schema " + schema +
           " to penstock_users; alter default privileges for role penstock_owner in schema " +
           schema + " grant select on tables to penstock_users; ";
}

std::optional<std::string> problem_of_schema_name(const std::string& name) {
    if (name.empty() || name.size() > kMaxNameBytes) {
        return "connection name \"" + name + "\" is not between 1 and 63 bytes long";
    }
    if (name.starts_with("pg_")) {
        return "connection name \"" + name +
               "\" begins with \"pg_\", which PostgreSQL keeps for itself";
    }
    if (!is_valid_text(name)) {
        return "connection name is not valid UTF-8";
    }
    return std::nullopt;
}

std::string not_ours_text(const std::string& name) {
    return "schema \"" + name + "\" exists and does not belong to Penstock";
}

std::string text_of_held(const std::vector<Held>& held) {
    std::vector<std::string> texts;
    texts.reserve(held.size());
    for (const Held& one : held) {
        texts.push_back(one.what + " is kept for " + join(one.dependents, kHeldNamed));
    }
    return join(texts, kHeldNamed);
}

bool run_unless_held(pqxx::work& work, const std::string& sql) {
    try {
        pqxx::subtransaction savepoint{work, "unless_held"};
        exec(savepoint, sql);
        savepoint.commit();
        return true;
    } catch (const pqxx::sql_error& error) {
        // 2BP01: dependent objects; 0A000: "cannot alter type of a column used by a view or rule".
        if (error.sqlstate() != "2BP01" && error.sqlstate() != "0A000") {
            throw;
        }
        return false;
    }
}

std::vector<std::string> dependents_of(pqxx::work& work, const std::string& schema,
                                       const std::string& table, const std::string& column) {
    return texts_of(exec(work,
                         "select penstock.dependent_object($1::name, $2::name, "
                         "nullif($3, '')::name)",
                         schema, table, column));
}

std::string held_hash_sql(const std::string& schema_expression) {
    return "(select encode(sha256(convert_to(coalesce(string_agg(o, e'\\n' order by o), ''), "
           "'UTF8')), 'hex') from penstock.dependent_object(" +
           schema_expression + ") o)";
}

void for_each_batch(std::size_t count, const std::function<void(Batch)>& run) {
    std::size_t start = 0;
    bool is_last = false;
    while (!is_last) {
        const std::size_t end = std::min(start + kTablesPerTransaction, count);
        is_last = end == count;
        run({start, end, is_last});
        start = end;
    }
}

bool Session::drop_connection(const std::string& connection, bool keep_row_disabled) {
    std::vector<Held> held;
    bool is_ours = false;
    impl_->connection.transact(
        [&](pqxx::work& work) { is_ours = is_our_schema(work, connection).value_or(false); });
    const auto tables =
        is_ours ? foreign_tables_of(*impl_, connection) : std::vector<std::string>{};
    for_each_batch(tables.size(), [&](Batch batch) {
        const std::vector<Held> held_before = held;
        impl_->write([&](pqxx::work& work) {
            held = held_before; // a transaction may run more than once
            drop_batch(work, connection, tables, batch, held);
        });
    });
    bool is_dropped = false;
    impl_->write([&](pqxx::work& work) {
        std::vector<Held> all_held = held;
        const bool schema_is_gone =
            !is_ours || (all_held.empty() &&
                         run_unless_held(work, "drop schema if exists " +
                                                   work.quote_name(connection) + " restrict"));
        if (!schema_is_gone && all_held.empty()) {
            all_held.push_back(
                {"schema \"" + connection + "\"", foreign_objects_of(work, connection)});
        }
        is_dropped = all_held.empty();
        if (is_dropped) {
            finish_drop(work, connection, keep_row_disabled);
        } else {
            note_held(work, connection, all_held);
        }
    });
    return is_dropped;
}

} // namespace penstock::catalog
