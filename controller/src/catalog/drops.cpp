#include "catalog/json_text.hpp"
#include "catalog/session_impl.hpp"

#include "reconcile/reconcile.hpp"

#include <nlohmann/json.hpp>

#include <span>
#include <utility>

/// Taking away schemas, their tables, rows and servers.
namespace penstock::catalog {

namespace {

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

/// What a connection has in the database.
struct Droppable {
    std::string connection;
    bool schema_is_ours = false;
    std::vector<std::string> tables;
    /// Against kTablesPerTransaction: a schema takes locks as well.
    [[nodiscard]] std::size_t weight() const { return tables.size() + 1; }
};

std::vector<Droppable> read_droppable(Writer& session, const std::vector<std::string>& names) {
    std::vector<Droppable> found;
    session.connection.transact([&](pqxx::work& work) {
        const auto rows = exec(
            work,
            "select w.name, coalesce(s.is_ours, false), case when s.is_ours then (select "
            "coalesce(json_agg(c.relname order by c.relname), '[]') from pg_depend d join pg_class "
            "c on c.oid = d.objid where d.refclassid = 'pg_namespace'::regclass and d.refobjid = "
            "s.schema_oid and d.classid = 'pg_class'::regclass and c.relkind = 'f') else '[]' end "
            "from jsonb_array_elements_text($1::jsonb) w(name) left join penstock.live_schema s on "
            "s.schema_name = w.name order by w.name",
            json_text(names));
        for (const auto& row : rows) {
            found.push_back(
                {row[0].as<std::string>(), row[1].as<bool>(),
                 nlohmann::json::parse(row[2].as<std::string>()).get<std::vector<std::string>>()});
        }
    });
    return found;
}

std::string drop_sql(pqxx::work& work, const Droppable& one) {
    if (!one.schema_is_ours) {
        return {};
    }
    const std::string schema = work.quote_name(one.connection);
    std::string tables;
    for (const std::string& table : one.tables) {
        tables += (tables.empty() ? "drop foreign table if exists " : ", ") + schema + "." +
                  work.quote_name(table);
    }
    return tables + (tables.empty() ? "" : " restrict; ") + "drop schema if exists " + schema +
           " restrict; ";
}

/// All or none of them.
void drop_together(pqxx::work& work, std::span<const Droppable> some) {
    std::string statements;
    nlohmann::json names = nlohmann::json::array();
    for (const Droppable& one : some) {
        statements += drop_sql(work, one);
        names.push_back(one.connection);
    }
    if (!statements.empty()) {
        exec(work, statements);
    }
    exec(work,
         "delete from penstock.connection_state where connection_name in (select "
         "jsonb_array_elements_text($1::jsonb))",
         json_text(names));
}

/// Says no to something of the transaction, not to all that we do.
bool is_refusal(const Error& error) {
    return error.kind != ErrorKind::kUnavailable && !error.sqlstate.empty();
}

/// Drops what can go together and cuts in halves what cannot, so that a few that are held cost a
/// few tries. Returns: those that are to be tried alone.
std::vector<std::string> drop_what_is_free(Writer& session, std::span<const Droppable> some) {
    if (some.size() == 1) {
        return {some.front().connection};
    }
    try {
        if (!session.try_write([&](pqxx::work& work) { drop_together(work, some); })) {
            return {};
        }
    } catch (const Exception& exception) {
        if (!is_refusal(exception.error())) {
            throw;
        }
    }
    const std::size_t half = some.size() / 2;
    std::vector<std::string> alone = drop_what_is_free(session, some.first(half));
    std::vector<std::string> others = drop_what_is_free(session, some.subspan(half));
    alone.insert(alone.end(), others.begin(), others.end());
    return alone;
}

/// The end of the longest part from `start` that one transaction takes; at least one.
std::size_t end_of_batch(const std::vector<Droppable>& all, std::size_t start) {
    std::size_t weight = all[start].weight();
    std::size_t end = start + 1;
    while (end < all.size() && weight + all[end].weight() <= kTablesPerTransaction) {
        weight += all[end++].weight();
    }
    return end;
}

} // namespace

Session::NotDropped Session::drop_connections(const std::vector<std::string>& connections) {
    const std::vector<Droppable> all = read_droppable(*impl_, connections);
    std::vector<std::string> alone;
    for (std::size_t start = 0; start < all.size();) {
        const std::size_t end = end_of_batch(all, start);
        for (std::string& name : drop_what_is_free(
                 *impl_, std::span<const Droppable>(all).subspan(start, end - start))) {
            alone.push_back(std::move(name));
        }
        start = end;
    }
    NotDropped rest;
    for (const std::string& name : alone) { // those may wait for locks, and come last therefore
        try {
            if (!drop_connection(name, false)) {
                rest.held.push_back(name);
            }
        } catch (const Exception& exception) {
            if (!is_refusal(exception.error())) {
                throw;
            }
            rest.failed.emplace_back(name, exception.error());
        }
    }
    return rest;
}

void Session::drop_servers(const std::vector<std::string>& kept) {
    impl_->write([&](pqxx::work& work) {
        const auto unused = texts_of(
            exec(work,
                 "select s.srvname from pg_foreign_server s join pg_foreign_data_wrapper w on "
                 "w.oid = s.srvfdw where w.fdwname = 'penstock' and s.srvowner = "
                 "'penstock_owner'::regrole and s.srvname::text not in (select "
                 "jsonb_array_elements_text($1::jsonb)) order by 1",
                 json_text(kept)));
        for (const std::string& server : unused) {
            // One that is held is tried again when something else has gone.
            static_cast<void>(
                run_unless_held(work, "drop server " + work.quote_name(server) + " restrict"));
        }
    });
}

bool Session::drop_connection(const std::string& connection, bool keep_row_disabled) {
    std::vector<Held> held;
    bool is_ours = false;
    impl_->connection.transact(
        [&](pqxx::work& work) { is_ours = is_our_schema(work, connection).value_or(false); });
    const auto tables =
        is_ours ? foreign_tables_of(*impl_, connection) : std::vector<std::string>{};
    for_each_batch(tables.size(), [&](Batch batch) {
        std::vector<Held> held_now;
        impl_->write([&](pqxx::work& work) {
            held_now = held; // a transaction may run more than once
            drop_batch(work, connection, tables, batch, held_now);
        });
        held = std::move(held_now);
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
