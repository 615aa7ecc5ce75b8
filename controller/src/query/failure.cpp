#include "query/failure.hpp"

#include <libpq-fe.h>

#include <cstdlib>
#include <string_view>

namespace penstock::query {
namespace {

/// Where the server complains of a table that is not in the FROM clause: no schema helps there.
/// The SQLSTATE is that of a missing table. Source: parse_relation.c, PostgreSQL 14 to 18.
constexpr std::string_view kMissingFromEntry = "errorMissingRTE";
/// Where it finds that a prepared statement has another result now. Source: plancache.c.
constexpr std::string_view kOutdatedPlan = "RevalidateCachedQuery";

std::optional<Missing::Kind> kind_of(const std::string& sqlstate) {
    // A schema that is missing: commands other than queries look for it before the table.
    if (sqlstate == "42P01" || sqlstate == "3F000") {
        return Missing::Kind::kTable;
    }
    if (sqlstate == "42703") {
        return Missing::Kind::kColumn;
    }
    return std::nullopt;
}

std::optional<Name> name_meant(const pg_result& result, const std::string& sql) {
    const std::string schema = error_field(result, PG_DIAG_SCHEMA_NAME);
    const std::string table = error_field(result, PG_DIAG_TABLE_NAME);
    if (!schema.empty()) {
        return Name{{schema, table}, 0};
    }
    const std::string position = error_field(result, PG_DIAG_STATEMENT_POSITION);
    if (position.empty()) {
        return std::nullopt;
    }
    return name_at(sql, std::strtoul(position.c_str(), nullptr, 10));
}

} // namespace

std::string error_field(const pg_result& result, int field) {
    const char* text = PQresultErrorField(&result, field);
    return text == nullptr ? "" : text;
}

std::optional<Failure> find_missing(const pg_result& result, const std::string& sql) {
    const std::optional<Missing::Kind> kind = kind_of(error_field(result, PG_DIAG_SQLSTATE));
    if (!kind || error_field(result, PG_DIAG_SOURCE_FUNCTION) == kMissingFromEntry) {
        return std::nullopt;
    }
    Failure failure;
    failure.missing.kind = *kind;
    failure.message = error_field(result, PG_DIAG_MESSAGE_PRIMARY);
    failure.is_nested = !error_field(result, PG_DIAG_CONTEXT).empty();
    std::string text = sql;
    if (failure.is_nested && !error_field(result, PG_DIAG_INTERNAL_QUERY).empty()) {
        text += " " + error_field(result, PG_DIAG_INTERNAL_QUERY);
    }
    // The position of a missing column is that of the column, not of its table.
    if (*kind == Missing::Kind::kTable) {
        if (const std::optional<Name> name = name_meant(result, sql)) {
            failure.names = {*name};
            failure.is_exact = true;
            failure.missing.has_schema = name->parts.size() > 1;
            return failure;
        }
    }
    failure.names = names_in(text);
    if (*kind == Missing::Kind::kTable) {
        for (Name& name : names_in_constants(text)) {
            failure.names.push_back(std::move(name));
        }
    }
    return failure;
}

bool is_outdated_plan(const pg_result& result) {
    return error_field(result, PG_DIAG_SQLSTATE) == "0A000" &&
           error_field(result, PG_DIAG_SOURCE_FUNCTION) == kOutdatedPlan;
}

std::optional<std::string> prepared_name(const std::string& sql) {
    const std::vector<Name> names = names_in(sql);
    for (std::size_t index = 0; index + 1 < names.size(); ++index) {
        if (names[index].parts == std::vector<std::string>{"execute"}) {
            return names[index + 1].relation();
        }
    }
    return std::nullopt;
}

} // namespace penstock::query
