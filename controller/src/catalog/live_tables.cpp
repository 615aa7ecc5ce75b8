#include "catalog/live_tables.hpp"

#include <nlohmann/json.hpp>

namespace penstock::catalog {

namespace {

using nlohmann::json;

/// One row for each relation; options as [[name, value], …], columns as
/// [[name, type oid, options, comment], …]. Composite types are relations too, and depend on their
/// schema as types; indexes and toast tables take no name of their own that we could want. Found by
/// what depends on the schema: pg_class has no index that starts with it.
constexpr const char* kLiveQuery =
    "select c.relname, c.relkind = 'f', coalesce(s.srvname, ''), "
    "(select coalesce(json_agg(json_build_array(option_name, option_value)), '[]') from "
    "pg_options_to_table(t.ftoptions)), "
    "(select coalesce(json_agg(json_build_array(a.attname, a.atttypid::int8, "
    "(select coalesce(json_agg(json_build_array(option_name, option_value)), '[]') from "
    "pg_options_to_table(a.attfdwoptions)), "
    "case when $2::bool then coalesce(col_description(c.oid, a.attnum), '') else '' end) "
    "order by a.attnum), '[]') from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 "
    "and not a.attisdropped), "
    "case when $2::bool then coalesce(obj_description(c.oid, 'pg_class'), '') else '' end, "
    "c.relnatts, case when $3::bool then (select penstock.live_hash($1::name)) end "
    "from pg_namespace n cross join lateral (select d.objid from pg_depend d where d.refclassid = "
    "'pg_namespace'::regclass and d.refobjid = n.oid and d.classid = 'pg_class'::regclass union "
    "select y.typrelid from pg_depend d join pg_type y on y.oid = d.objid where d.refclassid = "
    "'pg_namespace'::regclass and d.refobjid = n.oid and d.classid = 'pg_type'::regclass) one "
    "join pg_class c on c.oid = one.objid "
    "left join pg_foreign_table t on t.ftrelid = c.oid "
    "left join pg_foreign_server s on s.oid = t.ftserver where n.nspname = $1";

std::vector<OptionText> options_from(const json& list) {
    std::vector<OptionText> options;
    for (const json& pair : list) {
        options.push_back({pair.at(0).get<std::string>(),
                           pair.at(1).is_null() ? "" : pair.at(1).get<std::string>()});
    }
    return options;
}

LiveTable table_from_row(const pqxx::row& row) {
    LiveTable table;
    table.is_foreign_table = row[1].as<bool>();
    table.server = row[2].as<std::string>();
    table.options = options_from(json::parse(row[3].as<std::string>()));
    for (const json& column : json::parse(row[4].as<std::string>())) {
        table.columns.push_back({column.at(0).get<std::string>(), column.at(1).get<std::uint32_t>(),
                                 options_from(column.at(2)), column.at(3).get<std::string>()});
    }
    table.comment = row[5].as<std::string>();
    table.numbers_used = row[6].as<std::size_t>();
    return table;
}

} // namespace

LiveTables read_live_tables(pqxx::work& work, const std::string& schema, bool with_comments) {
    LiveTables tables;
    for (const auto& row : exec(work, kLiveQuery, schema, with_comments, false)) {
        tables.emplace(row[0].as<std::string>(), table_from_row(row));
    }
    return tables;
}

LiveSchema read_live_schema(pqxx::work& work, const std::string& schema) {
    LiveSchema live;
    for (const auto& row : exec(work, kLiveQuery, schema, false, true)) {
        live.tables.emplace(row[0].as<std::string>(), table_from_row(row));
        live.hash = row[7].as<std::string>(); // the same in each; without a row it is that of none
    }
    return live;
}

Quoting quoting_of(pqxx::work& work) {
    return {[&work](const std::string& name) { return work.quote_name(name); },
            [&work](const std::string& value) { return work.quote(value); }};
}

} // namespace penstock::catalog
