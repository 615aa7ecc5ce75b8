#include "unit/controller/catalog/session_fixture.hpp"

#include <gmock/gmock.h>

namespace penstock::catalog {
namespace {

using test::make_desired;
using ::testing::HasSubstr;

PluginRow make_plugin_row(const std::string& name, const std::string& state) {
    PluginRow row;
    row.instance = row.plugin = name;
    row.state = state;
    return row;
}

class DiagnosticsTest : public test::SessionTest {};

TEST_F(DiagnosticsTest, config_files_are_replaced_and_unchanged_rows_left_alone) {
    session().write_config_files({{"/a.spc", "ok", "", 0, 2}, {"/b.spc", "error", "bad", 7, 0}});
    const auto version = value("select xmin from penstock.config_file where path = '/a.spc'");
    session().write_config_files({{"/a.spc", "ok", "", 0, 2}, {"/c.spc", "ok", "", 0, 1}});
    EXPECT_EQ(value("select string_agg(path || ' ' || state || ' ' || coalesce(error, '-') || ' ' "
                    "|| coalesce(line, -1) || ' ' || connection_count, ', ' order by path) from "
                    "penstock.config_file"),
              "/a.spc ok - -1 2, /c.spc ok - -1 1");
    EXPECT_EQ(value("select xmin from penstock.config_file where path = '/a.spc'"), version);
    session().write_config_files({{"/a.spc", "error", "line\xff broken", 3, 2}});
    EXPECT_THAT(value("select error from penstock.config_file"), HasSubstr("broken"));
}

TEST_F(DiagnosticsTest, plugins_are_replaced) {
    PluginRow row = make_plugin_row("csv", "running");
    row.version = "1";
    row.pid = 42;
    row.sandbox = {"seccomp"};
    session().write_plugins({row, make_plugin_row("old", "stopped")});
    row.state = "failed";
    row.error = "gone";
    row.pid = 0;
    session().write_plugins({row});
    EXPECT_EQ(value("select string_agg(instance || ' ' || state || ' ' || error || ' ' || "
                    "coalesce(pid, -1) || ' ' || sandbox::text, ',') from penstock.plugin"),
              "csv failed gone -1 {seccomp}");
}

TEST_F(DiagnosticsTest, ten_thousand_events_are_kept) {
    as_admin("insert into penstock.event (kind, event, source) select 'service', 'x', 'user' from "
             "generate_series(1, 10500)");
    session().write_events({{"connection", "last", "plugin", "prod", R"({"a": 1})"}});
    EXPECT_EQ(value("select count(*) || ' ' || min(id) || ' ' || max(id) from penstock.event"),
              "10000 502 10501");
    EXPECT_EQ(value("select detail ->> 'a' from penstock.event where event = 'last'"), "1");
    session().write_events({{"service", "plain", "controller", "", ""}});
    EXPECT_EQ(value("select connection is null and detail = '{}' from penstock.event where event = "
                    "'plain'"),
              "t");
}

TEST_F(DiagnosticsTest, servers_are_made_changed_and_left_alone) {
    const auto options = [&] {
        return value("select array_to_string(srvoptions, ' ') from pg_foreign_server where srvname "
                     "= 'csv'");
    };
    EXPECT_EQ(options(), "plugin=csv socket=/run/csv.sock uid=1000");
    const auto version = value("select xmin from pg_foreign_server");
    session().ensure_servers({{"csv", "csv", "/run/csv.sock", 1000}});
    EXPECT_EQ(value("select xmin from pg_foreign_server"), version);
    session().ensure_servers({{"csv", "csv", "/run/other.sock", 1000}});
    EXPECT_EQ(options(), "plugin=csv socket=/run/other.sock uid=1000");
    as_admin("alter server csv options (drop socket, add extra 'x')");
    session().ensure_servers({{"csv", "csv", "/run/csv.sock", 1000}});
    EXPECT_EQ(options(), "plugin=csv uid=1000 socket=/run/csv.sock");
}

TEST_F(DiagnosticsTest, a_server_of_another_wrapper_is_refused) {
    as_admin("create foreign data wrapper other; create server theirs foreign data wrapper other");
    const auto error = error_of([&] { session().ensure_servers({{"theirs", "csv", "/x", 1}}); });
    ASSERT_TRUE(error);
    EXPECT_THAT(error->message, HasSubstr("does not belong to Penstock"));
}

TEST_F(DiagnosticsTest, the_default_search_path_has_our_schemas_by_name) {
    session().create_connections({make_desired("b"), make_desired("a")});
    as_admin("create schema not_ours");
    session().set_search_path({});
    pqxx::connection fresh{target("postgres")};
    pqxx::work work{fresh};
    EXPECT_EQ(work.exec("show search_path")[0][0].as<std::string>(),
              "\"$user\", public, a, b, penstock");
    EXPECT_EQ(work.exec("select connection_name from connection_state order by 1")[0][0]
                  .as<std::string>(),
              "a");
}

TEST_F(DiagnosticsTest, users_read_the_state_and_ask_for_a_refresh_and_nothing_else) {
    session().create_connections({make_desired("prod")});
    as_admin("drop role if exists reader; create role reader login in role penstock_users password "
             "'" +
             std::string{test::TemporaryServer::kPassword} + "'");
    pqxx::connection reader{target("reader")};
    const auto sqlstate_of_try = [&](const std::string& sql) {
        try {
            pqxx::work work{reader};
            work.exec(sql);
            work.commit();
        } catch (const pqxx::insufficient_privilege&) {
            return std::string{"42501"}; // libpqxx 6 keeps it to itself
        } catch (const pqxx::sql_error& error) {
            return error.sqlstate();
        }
        return std::string{"00000"};
    };
    EXPECT_EQ(sqlstate_of_try("select * from penstock.connection_state"), "00000");
    EXPECT_EQ(sqlstate_of_try("select penstock.refresh('prod'), penstock.refresh()"), "00000");
    EXPECT_EQ(sqlstate_of_try("select penstock.refresh('nope')"), "42704");
    const std::vector<std::string> refused = {
        "update penstock.connection_state set error = 'x'",
        "delete from penstock.connection_state",
        "insert into penstock.event (kind, event, source) values ('query', 'x', 'user')",
        "update penstock.controller set epoch = 0",
        "select nextval('penstock.connection_generation')",
        "select penstock.set_search_path('{public}')",
        "create table prod.t (a int)",
        "create table penstock.t (a int)",
        "create server s foreign data wrapper penstock",
        "create foreign table pg_temp.t (a int) server csv",
    };
    for (const std::string& sql : refused) {
        EXPECT_EQ(sqlstate_of_try(sql), "42501") << sql;
    }
}

TEST_F(DiagnosticsTest, texts_with_bytes_that_the_server_does_not_take_are_written) {
    const std::string odd("a\0b\\u0000c\xff", 11);
    session().write_events({{"plugin", odd, "plugin", "prod", R"({"error": "a\u0000b\\u0000"})"}});
    EXPECT_EQ(value("select event from penstock.event"), "a\uFFFDb\\u0000c\uFFFD");
    EXPECT_EQ(value("select detail ->> 'error' from penstock.event"), "a\uFFFDb\\u0000");
    session().create_connections({test::make_desired("prod")});
    session().change_states({{.connection = "prod", .to = reconcile::State::kError, .error = odd}});
    EXPECT_EQ(error_text_of("prod"), "a\uFFFDb\\u0000c\uFFFD");
}

} // namespace
} // namespace penstock::catalog
