#include "catalog/session_impl.hpp"

#include "penstock/types/utf8.hpp"

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

} // namespace

std::vector<std::string> texts_of(const pqxx::result& rows) {
    std::vector<std::string> texts;
    for (const auto& row : rows) {
        texts.push_back(row[0].as<std::string>());
    }
    return texts;
}

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

std::string mod_time_sql(const std::string& microseconds) {
    // In whole microseconds: a double has too few digits for seconds.
    return "timestamptz 'epoch' + nullif(" + microseconds + ", 0) * interval '1 microsecond'";
}

std::string held_hash_sql(const std::string& schema_expression) {
    return "(select encode(sha256(convert_to(coalesce(string_agg(o, e'\\n' order by o), ''), "
           "'UTF8')), 'hex') from penstock.dependent_object(" +
           schema_expression + ") o)";
}

void for_each_batch(std::size_t count, const std::function<void(Batch)>& run,
                    std::size_t most_at_once) {
    std::size_t start = 0;
    bool is_last = false;
    while (!is_last) {
        const std::size_t end = std::min(start + most_at_once, count);
        try {
            run({start, end, end == count});
        } catch (const Exception& exception) {
            // The lock table has room for all sessions together: how much is left is luck.
            if (!is_lock_table_full(exception.error()) || end - start < 2) {
                throw;
            }
            most_at_once = (end - start) / 2;
            continue;
        }
        is_last = end == count;
        start = end;
    }
}

} // namespace penstock::catalog
