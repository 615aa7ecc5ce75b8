#include "catalog/difference.hpp"
#include "catalog/live_tables.hpp"
#include "catalog/load_lock.hpp"
#include "catalog/session_impl.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace penstock::catalog {

namespace {

using reconcile::DesiredConnection;

constexpr std::size_t kSkippedNamed = 10;
/// How often a schema is put right in one go. Chosen: it is a race with a user's hands.
constexpr int kLooks = 3;

/// What is left of an offer when everything that PostgreSQL would refuse is taken out.
struct Importable {
    std::vector<TableSchema> tables;
    std::vector<std::string> skipped; ///< one text for each table left out
};

Importable importable(const std::vector<TableSchema>& offered, const LiveTables& live) {
    Importable result;
    std::set<std::string> names;
    for (const TableSchema& table : offered) {
        const auto status = check_schema(table);
        const auto found = live.find(table.name);
        if (!status) {
            result.skipped.push_back(status.error().message);
        } else if (!names.insert(table.name).second) {
            result.skipped.push_back("table \"" + table.name + "\" is offered twice");
        } else if (found != live.end() && !found->second.is_foreign_table) {
            result.skipped.push_back("relation \"" + table.name +
                                     "\" exists and is no foreign table");
        } else {
            result.tables.push_back(table);
        }
    }
    return result;
}

std::string text_of_skipped(const std::vector<std::string>& skipped) {
    std::string text;
    for (std::size_t index = 0; index < std::min(skipped.size(), kSkippedNamed); ++index) {
        text += (index == 0 ? "not imported: " : "; ") + skipped[index];
    }
    if (skipped.size() > kSkippedNamed) {
        text += " and " + std::to_string(skipped.size() - kSkippedNamed) + " more";
    }
    return text;
}

/// The live schema, made first when somebody dropped it.
LiveTables ensure_schema(pqxx::work& work, const DesiredConnection& connection) {
    if (const auto problem = problem_of_schema_name(connection.name)) {
        throw Exception(ErrorKind::kOption, *problem);
    }
    const auto is_ours = is_our_schema(work, connection.name);
    if (!is_ours) {
        exec(work, create_schema_sql(work, connection.name, connection.plugin));
    } else if (!*is_ours) {
        throw Exception(ErrorKind::kOption, not_ours_text(connection.name), {},
                        "Give the connection another name, or drop the schema.");
    }
    return read_live_tables(work, connection.name, false);
}

/// What dependents forbade.
struct Kept {
    std::vector<Held> held;
    std::set<std::string> left; ///< statements that were not carried out for that
};

/// Runs a change that dependents may forbid. Returns false when they do.
bool run_held(pqxx::work& work, const std::string& schema, const std::string& table,
              const Change& change, Kept& kept) {
    if (run_unless_held(work, change.sql)) {
        return true;
    }
    const std::string what = (change.column.empty() ? "" : "column \"" + change.column + "\" of ") +
                             "table \"" + table + "\"";
    kept.held.push_back({what, dependents_of(work, schema, table, change.column)});
    kept.left.insert(change.sql);
    return false;
}

/// Statements that are sent together: a round trip for each table costs as much as the table.
class Statements {
  public:
    explicit Statements(pqxx::work& work) : work_(work) {}
    void add(const std::string& sql) { text_ += sql + ";\n"; }
    void run() {
        if (!text_.empty()) {
            exec(work_, std::exchange(text_, {}));
        }
    }

  private:
    pqxx::work& work_;
    std::string text_;
};

void run_batch(pqxx::work& work, const std::string& schema, const std::vector<TableChange>& changes,
               Batch batch, Kept& kept) {
    Statements statements(work);
    for (std::size_t index = batch.start; index < batch.end; ++index) {
        const TableChange& table = changes[index];
        bool is_left = false;
        for (const Change& change : table.changes) {
            if (is_left) {
                kept.left.insert(change.sql);
            } else if (!change.can_be_held) {
                statements.add(change.sql);
            } else {
                statements.run();
                is_left =
                    !run_held(work, schema, table.table, change, kept) && change.rest_needs_it;
            }
        }
    }
    statements.run();
}

/// What is to be changed of the schema as it is now, but for what dependents forbade.
std::vector<TableChange> rest_of(const LiveTables& live, const std::vector<TableSchema>& wanted,
                                 const Place& place, const Quoting& quoting, const Kept& kept) {
    std::vector<TableChange> rest = difference(live, wanted, place, quoting);
    for (TableChange& table : rest) {
        std::erase_if(table.changes,
                      [&kept](const Change& change) { return kept.left.contains(change.sql); });
    }
    std::erase_if(rest, [](const TableChange& table) { return table.changes.empty(); });
    return rest;
}

/// Somebody may have changed a table since the schema was looked at; the hash of what is there now
/// would take that for our own work, and nobody would ever mend it.
///
/// Returns: the live hash of a schema that is as wanted; after some looks one that none has, so
/// that the next look at the database tries again.
std::string put_right(pqxx::work& work, const std::vector<TableSchema>& wanted, const Place& place,
                      Kept& kept) {
    for (int look = 0; look < kLooks; ++look) {
        LiveSchema live = read_live_schema(work, place.connection);
        const std::vector<TableChange> rest =
            rest_of(live.tables, wanted, place, quoting_of(work), kept);
        if (rest.empty()) {
            return std::move(live.hash);
        }
        run_batch(work, place.connection, rest, {0, rest.size(), true}, kept);
    }
    return "changed by hand";
}

/// How an import ended.
struct Outcome {
    bool is_dynamic;
    bool is_loaded;
    std::string error;
    std::string live_hash;
    std::string held_hash; ///< "": nothing is held
    std::int64_t plugin_mod_time_us;
};

/// Everything that the row says of a finished import.
void mark_ready(pqxx::work& work, const DesiredConnection& connection,
                const std::vector<TableSchema>& offered, const Outcome& outcome) {
    const std::string hash = schema_hash(offered);
    record_offers(work, {{hash, &offered}});
    exec(work,
         "update penstock.connection_state set state = 'ready', error = nullif($2, ''), imported = "
         "$8, table_count = $3, schema_mode = $4, schema_hash = $5, config_hash = $6, "
         "plugin_mod_time = " +
             mod_time_sql("$9::bigint") +
             ", comments_set = not $8, attempts = 0, next_attempt_at = null, "
             "live_hash = $10, held_hash = case when $7 <> '' then case " +
             held_hash_sql("connection_name::name") +
             " when $7 then $7 else 'changed meanwhile' end end where connection_name = $1",
         connection.name, outcome.error, static_cast<int>(offered.size()),
         std::string{outcome.is_dynamic ? "dynamic" : "static"}, hash, connection.config_hash,
         outcome.held_hash, outcome.is_loaded, outcome.plugin_mod_time_us, outcome.live_hash);
}

void mark_comments_set(pqxx::work& work, const std::string& connection, bool is_finished) {
    if (!is_finished) {
        return;
    }
    exec(work,
         "update penstock.connection_state set comments_set = true where connection_name = $1",
         connection);
}

/// Says in the row what a refresh waits for. Best effort: the wait goes on whatever comes of it.
void note_lock_holders(Writer& session, const std::string& connection) {
    try {
        session.connection.transact([&](pqxx::work& work) {
            exec(work,
                 "update penstock.connection_state set error = holders.text from (select 'waits "
                 "for a lock that server process ' || string_agg(distinct l.pid::text, ', ') || "
                 "' holds' as text from pg_locks l join pg_class c on c.oid = l.relation join "
                 "pg_namespace n on n.oid = c.relnamespace where l.granted and l.pid <> "
                 "pg_backend_pid() and n.nspname = $1 and l.database = (select oid from "
                 "pg_database where datname = current_database())) holders where connection_name "
                 "= $1 and state = 'updating' and holders.text is not null and error is distinct "
                 "from holders.text and (select epoch from penstock.controller) = $2",
                 connection, session.epoch);
        });
    } catch (const Exception& exception) {
        if (!is_lock_conflict(exception.error())) {
            throw;
        }
    }
}

std::string join_reasons(const std::vector<Held>& held, const std::vector<std::string>& skipped) {
    const std::string skipped_text = text_of_skipped(skipped);
    const std::string held_text = text_of_held(held);
    return held_text + (held_text.empty() || skipped_text.empty() ? "" : "; ") + skipped_text;
}

} // namespace

void Session::apply_schema(const DesiredConnection& connection,
                           const std::vector<TableSchema>& tables, bool is_dynamic, bool is_loaded,
                           std::int64_t plugin_mod_time_us,
                           const std::function<void()>& on_locked) {
    const Place place{connection.name, connection.plugin_instance};
    const auto on_conflict = [&](int) { note_lock_holders(*impl_, connection.name); };
    LoadLock lock(*impl_, connection.name);
    const auto take_lock = [&] {
        if (lock.take() && on_locked) {
            on_locked();
        }
    };
    take_lock();
    Importable wanted;
    std::vector<TableChange> changes;
    std::string dependents;
    impl_->write(
        [&](pqxx::work& work) {
            // Before the first of them is asked: one that comes or goes later is seen by its hash.
            dependents = exec(work, "select " + held_hash_sql("$1::name"), connection.name)[0][0]
                             .as<std::string>("");
            const LiveTables live = ensure_schema(work, connection);
            wanted = is_loaded ? importable(tables, live) : Importable{};
            changes = difference(live, wanted.tables, place, quoting_of(work));
        },
        on_conflict);

    if (!lock.is_held()) { // there was no schema yet
        take_lock();
    }

    Kept kept;
    for_each_batch(changes.size(), [&](Batch batch) {
        Kept kept_now;
        impl_->write(
            [&](pqxx::work& work) {
                kept_now = kept; // a transaction may run more than once
                run_batch(work, connection.name, changes, batch, kept_now);
                if (batch.is_last) {
                    const std::string live_hash = put_right(work, wanted.tables, place, kept_now);
                    mark_ready(work, connection, tables,
                               {is_dynamic, is_loaded, join_reasons(kept_now.held, wanted.skipped),
                                live_hash, kept_now.held.empty() ? "" : dependents,
                                plugin_mod_time_us});
                }
            },
            on_conflict);
        kept = std::move(kept_now);
    });
    lock.release();
    if (!wanted.skipped.empty()) {
        write_events({{"connection", "tables skipped", "controller", connection.name,
                       event_detail("reason", text_of_skipped(wanted.skipped))}});
    }
}

void Session::apply_comments(const std::string& connection,
                             const std::vector<TableSchema>& tables) {
    std::vector<TableChange> changes;
    impl_->connection.transact([&](pqxx::work& work) {
        const LiveTables live = read_live_tables(work, connection, true);
        const Importable wanted = importable(tables, live);
        changes = comment_difference(live, wanted.tables, Place{connection, {}}, quoting_of(work));
    });
    for_each_batch(changes.size(), [&](Batch batch) {
        impl_->write([&](pqxx::work& work) {
            Kept none; // nothing depends on a comment
            run_batch(work, connection, changes, batch, none);
            mark_comments_set(work, connection, batch.is_last);
        });
    });
}

} // namespace penstock::catalog
