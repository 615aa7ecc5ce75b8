#include "unit/controller/catalog/session_fixture.hpp"

#include <gmock/gmock.h>

#include <random>
#include <set>

namespace penstock::catalog {
namespace {

using reconcile::State;
using test::make_column;
using test::make_desired;
using test::make_table;

/// Pieces that have broken quoting somewhere; a name is a random string of them.
constexpr const char* kPieces[] = {"\"",
                                   "'",
                                   "\"\"",
                                   "''",
                                   ";",
                                   "--",
                                   "/*",
                                   "*/",
                                   "\\",
                                   "$$",
                                   "$1",
                                   "%s",
                                   "%I",
                                   "{",
                                   "}",
                                   "(",
                                   ")",
                                   ",",
                                   ".",
                                   " ",
                                   "é",
                                   "日本",
                                   "😀",
                                   "A",
                                   "a",
                                   "select",
                                   "null",
                                   "drop schema public",
                                   "\" cascade; --",
                                   "' || x || '",
                                   "E'\\n'",
                                   ":x",
                                   "?",
                                   "@",
                                   "`",
                                   "U&\"",
                                   "[",
                                   "]",
                                   "=",
                                   "<>"};

std::set<std::string> hostile_names(std::size_t count, const std::string& prefix) {
    std::mt19937 random(20241120); // the same names in every run
    std::set<std::string> names;
    while (names.size() < count) {
        std::string name = prefix;
        const auto pieces = 1 + random() % 6;
        for (std::size_t piece = 0; piece < pieces; ++piece) {
            name += kPieces[random() % std::size(kPieces)];
        }
        if (name.size() <= kMaxNameBytes) {
            names.insert(name);
        }
    }
    return names;
}

class HostileNamesTest : public test::SessionTest {};

TEST_F(HostileNamesTest, two_hundred_connections_with_hostile_names_live_and_go) {
    const auto names = hostile_names(200, "");
    std::vector<reconcile::DesiredConnection> connections;
    for (const std::string& name : names) {
        connections.push_back(make_desired(name));
        connections.back().plugin = "plugin " + name;
    }
    session().create_connections(connections);
    for (const std::string& name : names) {
        ASSERT_EQ(state_of(name), "pending") << name << ": " << error_text_of(name);
        auto column = make_column(name);
        column.description = name;
        const std::vector<TableSchema> tables = {make_table(name, {column}, name)};
        apply(name, tables);
        session().apply_comments(name, tables);
    }
    const auto actual = session().read_actual();
    ASSERT_EQ(actual.size(), names.size());
    for (const std::string& name : names) {
        const auto& row = actual.at(name);
        EXPECT_TRUE(row.state == State::kReady && row.schema_is_ours && row.schema_is_intact)
            << name;
    }
    EXPECT_EQ(value("select count(*) from penstock.\"column\" where connection = table_name and "
                    "table_name = column_name and column_name = description"),
              std::to_string(names.size()));
    for (const std::string& name : names) {
        session().change_states({{.connection = name, .to = State::kDeleting}});
        EXPECT_TRUE(session().drop_connection(name, false)) << name;
    }
    EXPECT_EQ(value("select count(*) from penstock.connection_state"), "0");
    EXPECT_EQ(value("select count(*) from penstock.live_schema where is_ours"), "0");
}

TEST_F(HostileNamesTest, two_hundred_tables_and_columns_change_and_are_kept_for_views) {
    const auto names = hostile_names(200, "t");
    std::vector<TableSchema> tables;
    for (const std::string& name : names) {
        tables.push_back(make_table(name, {make_column(name), make_column("keep")}));
    }
    import("prod", tables);
    for (const std::string& name : names) {
        EXPECT_EQ(columns_of("prod", name), name + ":text keep:text");
    }
    const std::string viewed = *names.begin();
    as_admin("create view public.v as select " + admin().quote_name(viewed) + " from prod." +
             admin().quote_name(viewed));
    for (TableSchema& table : tables) {
        table.columns.erase(table.columns.begin());
    }
    apply("prod", tables);
    for (const std::string& name : names) {
        EXPECT_EQ(columns_of("prod", name),
                  name == viewed ? name + ":text keep:text" : "keep:text");
    }
    EXPECT_EQ(error_text_of("prod"),
              "column \"" + viewed + "\" of table \"" + viewed + "\" is kept for view public.v");
}

TEST_F(HostileNamesTest, instances_files_and_search_paths_may_have_any_name) {
    for (const std::string& name : hostile_names(50, "i")) {
        session().ensure_servers({{name, name, "/run/" + name, 7}});
        EXPECT_EQ(value("select count(*) from pg_foreign_server where srvname = " +
                        admin().quote(name) + " and srvoptions @> array['plugin=' || srvname]"),
                  "1");
        session().set_search_path({name, "public"});
        EXPECT_EQ(value("select replace(unnest(setconfig), 'search_path=', '') from "
                        "pg_db_role_setting where setrole = 0 and setdatabase = (select oid from "
                        "pg_database where datname = current_database())"),
                  value("select quote_ident(" + admin().quote(name) + ")") + ", public, penstock");
        session().write_events({{"config", name, "user", name, "{}"}});
    }
    EXPECT_EQ(value("select count(*) from penstock.event where event = connection"), "50");
}

} // namespace
} // namespace penstock::catalog
