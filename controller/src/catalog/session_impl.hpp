#pragma once

#include "catalog/connection.hpp"

#include "penstock/types/schema.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the parts of Session share; one .cpp file for each topic.
namespace penstock::catalog {

/// A session that may write while its epoch is the leader's.
struct Writer {
    using Work = Connection::Work;

    Writer(const Target& target, std::int64_t epoch_of_leader)
        : connection(target), epoch(epoch_of_leader) {
        connection.become_owner();
    }

    /// `work` in one transaction that the epoch allows; run again, from its start, when a lock is
    /// held by somebody else. `on_conflict`, when given, is called between two tries, with the
    /// number of failures so far.
    void write(const Work& work, const std::function<void(int)>& on_conflict = {});

    /// One try; the conflict when a lock is held by somebody else.
    [[nodiscard]] std::optional<Error> try_write(const Work& work);

    Connection connection;
    std::int64_t epoch;
};

struct Session::Impl : Writer {
    using Writer::Writer;
};

/// The first column.
[[nodiscard]] std::vector<std::string> texts_of(const pqxx::result& rows);

/// Does a schema of that name exist, and is it ours? nullopt: it does not exist.
[[nodiscard]] std::optional<bool> is_our_schema(pqxx::work& work, const std::string& name);
/// Statements that make the empty schema with its marker and grants, each with a semicolon behind
/// it. Only when there is none of that name.
[[nodiscard]] std::string create_schema_sql(pqxx::work& work, const std::string& connection,
                                            const std::string& plugin);
/// Why PostgreSQL would refuse or cut a schema name; nullopt when it would not.
[[nodiscard]] std::optional<std::string> problem_of_schema_name(const std::string& name);
/// "schema … exists and does not belong to Penstock"
[[nodiscard]] std::string not_ours_text(const std::string& name);

/// Something that had to stay because of the objects that depend on it.
struct Held {
    std::string what;                    ///< `table "x"`, `column "a" of table "x"`
    std::vector<std::string> dependents; ///< `view public.v`
};
/// One sentence for the `error` column; at most ten of `held` by name.
[[nodiscard]] std::string text_of_held(const std::vector<Held>& held);

/// Runs one statement that dependents may forbid, in a savepoint. Returns false when they do; the
/// transaction goes on. Errors: all others are thrown.
[[nodiscard]] bool run_unless_held(pqxx::work& work, const std::string& sql);
/// What keeps a table (or a column of it; "" = the table) of `schema` from being dropped.
[[nodiscard]] std::vector<std::string> dependents_of(pqxx::work& work, const std::string& schema,
                                                     const std::string& table,
                                                     const std::string& column);

/// The hash of all dependents of the schema that the SQL expression `schema_expression` names.
[[nodiscard]] std::string held_hash_sql(const std::string& schema_expression);

/// What plugins offer, by schema hash.
using OffersByHash = std::map<std::string, const std::vector<TableSchema>*>;
/// Writes those that penstock.offered_table does not have yet. In the transaction, and before the
/// statement, that gives a row of connection_state the hash.
void record_offers(pqxx::work& work, const OffersByHash& offers);

/// The timestamptz of an SQL expression in microseconds since 1970; null for 0.
[[nodiscard]] std::string mod_time_sql(const std::string& microseconds);

/// A JSON object with one text, for penstock.event.
[[nodiscard]] std::string event_detail(const std::string& name, const std::string& text);

/// PostgreSQL's lock table has 6,400 entries by default and a foreign table takes up to 3.
inline constexpr std::size_t kTablesPerTransaction = 500;

/// The tables of one transaction, as indexes.
struct Batch {
    std::size_t start;
    std::size_t end; ///< behind the last
    bool is_last;
};
/// Cuts `count` tables into batches and calls `run` for each in order; for none at all once, with
/// an empty last one. Where the server's lock table has no room for a batch, its half is tried:
/// what a `run` that throws has done must not count.
void for_each_batch(std::size_t count, const std::function<void(Batch)>& run,
                    std::size_t most_at_once = kTablesPerTransaction);

} // namespace penstock::catalog
