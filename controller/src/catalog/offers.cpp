#include "catalog/json_text.hpp"
#include "catalog/session_impl.hpp"

#include "penstock/types/type.hpp"
#include "penstock/types/utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string_view>

/// penstock.offered_table: what the plugins offer, once for each schema hash.
namespace penstock::catalog {

namespace {

/// An index entry has at most 2,704 bytes; a name that can be a table has at most 63.
constexpr std::size_t kMaxStoredName = 255;

/// With '?' for each byte that cannot stand in a text of PostgreSQL.
std::string storable(std::string_view text) {
    std::string stored;
    for (std::size_t bad = find_invalid_utf8(text); bad < text.size();
         bad = find_invalid_utf8(text)) {
        stored.append(text.substr(0, bad)) += '?';
        text.remove_prefix(bad + 1);
    }
    return stored.append(text);
}

/// Cut between two characters.
std::string stored_name(std::string_view name) {
    std::string stored = storable(name);
    if (stored.size() > kMaxStoredName) {
        stored.resize(kMaxStoredName);
        stored.resize(find_invalid_utf8(stored));
    }
    return stored;
}

void add_text(nlohmann::json& object, const char* name, const std::string& text) {
    if (!text.empty()) {
        object[name] = storable(text);
    }
}

nlohmann::json columns_json(const TableSchema& table) {
    nlohmann::json columns = nlohmann::json::array();
    for (const Column& column : table.columns) {
        nlohmann::json one{{"name", storable(column.name)}};
        if (const TypeInfo* type = find_type(column.type)) {
            one["type_oid"] = type->oid;
        }
        add_text(one, "description", column.description);
        for (const OptionText& option : column_options(column)) {
            one[option.name] = option.value;
        }
        columns.push_back(std::move(one));
    }
    return columns;
}

nlohmann::json table_json(const TableSchema& table, std::size_t position) {
    nlohmann::json one{{"table_name", stored_name(table.name)},
                       {"position", position},
                       {"columns", columns_json(table)}};
    add_text(one, "description", table.description);
    if (const Status status = check_schema(table); !status) {
        one["problem"] = storable(status.error().message);
    }
    return one;
}

void insert_batch(pqxx::work& work, const std::string& hash, const std::vector<TableSchema>& tables,
                  Batch batch) {
    nlohmann::json rows = nlohmann::json::array();
    for (std::size_t index = batch.start; index < batch.end; ++index) {
        rows.push_back(table_json(tables[index], index + 1));
    }
    // Of two tables with one name the first counts, as it does for the import. Sorted, so that two
    // sessions that record one hash at a time wait for each other and do not deadlock.
    exec(
        work,
        "insert into penstock.offered_table (schema_hash, table_name, \"position\", description, "
        "columns, problem) select $1, r.* from jsonb_to_recordset($2::jsonb) as r(table_name text, "
        "\"position\" int, description text, columns jsonb, problem text) order by r.table_name "
        "collate \"C\", r.\"position\" on conflict do nothing",
        hash, json_text(rows));
}

} // namespace

void record_offers(pqxx::work& work, const OffersByHash& offers) {
    std::string hashes;
    for (const auto& [hash, tables] : offers) {
        hashes += (hashes.empty() ? "" : ", ") + work.quote(hash);
    }
    if (hashes.empty()) {
        return;
    }
    // The lock comes before the look: what is there then stays until our row that refers to it is
    // committed, see forget_offers().
    const auto missing =
        exec(work, "lock table penstock.offered_table in row exclusive mode; select hash from "
                   "unnest(array[" +
                       hashes +
                       "]) hash where not exists (select from penstock.offered_table o where "
                       "o.schema_hash = hash) order by hash");
    for (const auto& row : missing) {
        const auto hash = row[0].as<std::string>();
        const std::vector<TableSchema>& tables = *offers.at(hash);
        for_each_batch(tables.size(),
                       [&](Batch batch) { insert_batch(work, hash, tables, batch); });
    }
}

bool Session::forget_offers() {
    bool is_smaller = false;
    const auto conflict = impl_->try_write([&](pqxx::work& work) {
        exec(work, "lock table penstock.offered_table in share row exclusive mode nowait");
        is_smaller = exec(work, "delete from penstock.offered_table o where not exists (select "
                                "from penstock.connection_state cs where cs.schema_hash = "
                                "o.schema_hash)")
                         .affected_rows() > 0;
    });
    if (is_smaller && !conflict) {
        // A dynamic plugin may change every second: the room is used again at once.
        impl_->connection.run_alone("vacuum (skip_locked, truncate false) penstock.offered_table");
    }
    return !conflict;
}

} // namespace penstock::catalog
