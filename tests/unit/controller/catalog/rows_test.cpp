#include "unit/controller/catalog/session_fixture.hpp"

#include <gmock/gmock.h>

namespace penstock::catalog {
namespace {

using reconcile::State;
using test::make_desired;
using ::testing::HasSubstr;

class RowsTest : public test::SessionTest {};

TEST_F(RowsTest, a_new_connection_gets_its_row_and_an_empty_schema_with_our_marker) {
    auto desired = make_desired("prod");
    desired.children = {"a", "b\"c"};
    session().create_connections({desired});
    const auto actual = session().read_actual();
    ASSERT_TRUE(actual.contains("prod"));
    const auto& row = actual.at("prod");
    EXPECT_EQ(row.state, State::kPending);
    EXPECT_TRUE(row.has_row && row.has_schema && row.schema_is_ours);
    EXPECT_EQ(row.plugin, "csv");
    EXPECT_EQ(row.children, desired.children);
    EXPECT_EQ(row.start_line, 1);
    EXPECT_EQ(row.end_line, 3);
    EXPECT_EQ(row.config_hash, ""); // nothing was made from it yet
    EXPECT_EQ(value("select obj_description('prod'::regnamespace)"),
              "Penstock connection \"prod\", plugin \"csv\"");
    EXPECT_EQ(value("select has_schema_privilege('penstock_users', 'prod', 'USAGE')"), "t");
    EXPECT_EQ(value("select has_schema_privilege('penstock_users', 'prod', 'CREATE')"), "f");
}

TEST_F(RowsTest, creating_a_connection_again_changes_nothing) {
    session().create_connections({make_desired("prod")});
    const auto generation = value("select generation from penstock.connection_state");
    session().create_connections({make_desired("prod")});
    EXPECT_EQ(value("select generation from penstock.connection_state"), generation);
}

TEST_F(RowsTest, a_schema_of_somebody_else_is_not_touched) {
    as_admin("create schema mine; create table mine.t (a int)");
    session().create_connections({make_desired("mine"), make_desired("public"),
                                  make_desired("pg_catalog"), make_desired("penstock"),
                                  make_desired("prod")});
    for (const char* name : {"mine", "public", "pg_catalog", "penstock"}) {
        EXPECT_EQ(state_of(name), "error") << name;
        EXPECT_FALSE(session().read_actual().at(name).schema_is_ours) << name;
    }
    EXPECT_EQ(error_text_of("mine"), "schema \"mine\" exists and does not belong to Penstock");
    EXPECT_EQ(value("select obj_description('mine'::regnamespace)"), "<null>");
    EXPECT_EQ(state_of("prod"), "pending");
    const auto error = error_of([&] { session().apply_schema(make_desired("mine"), {}, false); });
    ASSERT_TRUE(error);
    EXPECT_THAT(error->message, HasSubstr("does not belong"));
    EXPECT_EQ(value("select count(*) from mine.t"), "0");
}

TEST_F(RowsTest, a_marker_alone_does_not_make_a_schema_ours) {
    as_admin("create schema fake; comment on schema fake is 'Penstock connection \"fake\"'");
    EXPECT_FALSE(session().read_actual().contains("fake"));
}

TEST_F(RowsTest, a_schema_with_our_marker_but_no_row_is_listed) {
    as_admin("create schema orphan authorization penstock_owner;"
             "comment on schema orphan is 'Penstock connection \"orphan\"'");
    const auto actual = session().read_actual();
    ASSERT_TRUE(actual.contains("orphan"));
    EXPECT_FALSE(actual.at("orphan").has_row);
    EXPECT_TRUE(actual.at("orphan").schema_is_ours);
    session().create_connections({make_desired("orphan")});
    EXPECT_EQ(state_of("orphan"), "pending");
}

TEST_F(RowsTest, names_that_postgresql_would_cut_or_refuse_go_into_error) {
    const std::string too_long(64, 'x');
    session().create_connections({make_desired("pg_mine"), make_desired(too_long)});
    EXPECT_EQ(state_of("pg_mine"), "error");
    EXPECT_EQ(state_of(too_long), "error");
    EXPECT_THAT(error_text_of(too_long), HasSubstr("63 bytes"));
    EXPECT_EQ(value("select count(*) from pg_namespace where nspname like 'xxx%'"), "0");
}

TEST_F(RowsTest, a_disabled_or_faulty_connection_gets_no_schema) {
    auto disabled = make_desired("off");
    disabled.import_schema = "disabled";
    auto faulty = make_desired("bad");
    faulty.error = "no plugin";
    session().create_connections({disabled, faulty});
    EXPECT_EQ(state_of("off"), "pending");
    EXPECT_EQ(state_of("bad"), "pending");
    EXPECT_FALSE(session().read_actual().at("off").has_schema);
    EXPECT_FALSE(session().read_actual().at("bad").has_schema);
}

TEST_F(RowsTest, updating_a_row_changes_what_is_configured_and_nothing_else) {
    session().create_connections({make_desired("prod")});
    auto changed = make_desired("prod");
    changed.plugin = "json";
    changed.plugin_instance = "big";
    changed.start_line = 7;
    changed.file_name = "other.spc";
    const auto generation = value("select generation from penstock.connection_state");
    session().update_rows({changed});
    const auto row = session().read_actual().at("prod");
    EXPECT_EQ(row.plugin, "json");
    EXPECT_EQ(row.plugin_instance, "big");
    EXPECT_EQ(row.start_line, 7);
    EXPECT_EQ(row.file_name, "other.spc");
    EXPECT_EQ(value("select generation from penstock.connection_state"), generation);
}

TEST_F(RowsTest, a_backoff_comes_back_as_a_time_of_the_steady_clock) {
    session().create_connections({make_desired("prod")});
    session().change_states({{.connection = "prod",
                              .to = State::kError,
                              .error = "no answer",
                              .attempts = 2,
                              .retry_in_ms = 600000}});
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::steady_clock::now().time_since_epoch())
                         .count();
    const auto row = session().read_actual().at("prod");
    EXPECT_EQ(row.attempts, 2);
    EXPECT_EQ(row.error, "no answer");
    EXPECT_GT(row.next_attempt_ms, now + 500000);
    EXPECT_LT(row.next_attempt_ms, now + 700000);
    session().change_states({{.connection = "prod", .to = State::kUpdating}});
    EXPECT_EQ(session().read_actual().at("prod").next_attempt_ms, 0);
    EXPECT_EQ(session().read_actual().at("prod").error, "");
}

TEST_F(RowsTest, the_start_of_the_service_makes_every_row_pending_but_the_disabled) {
    session().create_connections({make_desired("a"), make_desired("b"), make_desired("c")});
    session().change_states(
        {{.connection = "a", .to = State::kError, .error = "x", .attempts = 3}});
    session().change_states({{.connection = "b", .to = State::kUpdating}});
    ASSERT_TRUE(session().drop_connection("c", true));
    session().reset_to_pending();
    EXPECT_EQ(state_of("a"), "pending");
    EXPECT_EQ(error_text_of("a"), "<null>");
    EXPECT_EQ(session().read_actual().at("a").attempts, 0);
    EXPECT_EQ(state_of("b"), "pending");
    EXPECT_EQ(state_of("c"), "disabled");
}

TEST_F(RowsTest, a_change_of_a_row_that_is_gone_is_skipped) {
    session().create_connections({make_desired("a")});
    session().change_states({{.connection = "gone", .to = State::kUpdating},
                             {.connection = "a", .to = State::kUpdating}});
    EXPECT_EQ(state_of("a"), "updating");
}

TEST_F(RowsTest, one_illegal_change_takes_the_whole_transaction_back) {
    session().create_connections({make_desired("a"), make_desired("b")});
    session().change_states({{.connection = "b", .to = State::kError, .error = "x"}});
    const auto error = error_of([&] {
        session().change_states({{.connection = "a", .to = State::kUpdating},
                                 {.connection = "b", .to = State::kReady}});
    });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->sqlstate, "23514");
    EXPECT_EQ(error->message, "connection \"b\" cannot go from \"error\" to \"ready\"");
    EXPECT_EQ(
        error->hint,
        "From \"error\" it can go to: \"deleting\", \"disabled\", \"pending\", \"updating\".");
    EXPECT_EQ(state_of("a"), "pending");
}

TEST_F(RowsTest, a_lazy_connection_becomes_ready_with_an_empty_schema) {
    session().create_connections({make_desired("a"), make_desired("b")});
    EXPECT_TRUE(session().read_actual().at("a").schema_is_empty);
    const auto tables = std::make_shared<const std::vector<TableSchema>>(
        std::vector{test::make_table("t", {test::make_column("x")})});
    session().mark_unloaded({Unloaded{"a", "s1", "c1", 100, true, tables, 1'700'000'000'123'456},
                             Unloaded{"gone", "s1", "c1", 100, true, tables}});
    EXPECT_EQ(value("select concat_ws(' ', state, imported, table_count, schema_mode, "
                    "comments_set) from penstock.connection_state where connection_name = 'a'"),
              "ready f 100 dynamic t");
    EXPECT_EQ(value("select plugin_mod_time at time zone 'utc' from penstock.connection_state "
                    "where connection_name = 'a'"),
              "2023-11-14 22:13:20.123456");
    EXPECT_EQ(state_of("b"), "pending");
    const auto row = session().read_actual().at("a");
    EXPECT_EQ(row.schema_hash, "s1");
    EXPECT_EQ(row.config_hash, "c1");
    EXPECT_FALSE(row.is_imported);
    EXPECT_TRUE(row.schema_is_intact && row.schema_is_empty);
}

TEST_F(RowsTest, more_connections_than_one_transaction_takes) {
    std::vector<reconcile::DesiredConnection> many;
    std::vector<StateChange> changes;
    for (int number = 0; number < 2001; ++number) {
        many.push_back(make_desired("c" + std::to_string(number)));
        changes.push_back({.connection = many.back().name, .to = State::kUpdating});
    }
    session().create_connections(many);
    session().change_states(changes);
    EXPECT_EQ(value("select count(*) from penstock.connection_state where state = 'updating'"),
              "2001");
    EXPECT_EQ(value("select count(*) from penstock.live_schema where is_ours"), "2001");
    for (reconcile::DesiredConnection& desired : many) {
        desired.start_line = 9;
    }
    session().update_rows(many);
    EXPECT_EQ(value("select count(*) from penstock.connection_state where start_line = 9"), "2001");
}

TEST_F(RowsTest, a_replaced_controller_is_refused_every_write) {
    session().create_connections({make_desired("a")});
    as_admin("update penstock.controller set epoch = epoch + 1");
    const std::vector<std::function<void()>> writes = {
        [&] { session().reset_to_pending(); },
        [&] { session().ensure_servers({{"other", "csv", "/run/x", 1}}); },
        [&] { session().create_connections({make_desired("b")}); },
        [&] { session().update_rows({make_desired("a")}); },
        [&] { session().change_states({{.connection = "a", .to = State::kUpdating}}); },
        [&] { session().mark_unloaded({Unloaded{"a", "s1", "c1", 1, false}}); },
        [&] { session().apply_schema(make_desired("a"), {}, false); },
        [&] { session().apply_comments("a", {}); },
        [&] { (void)session().drop_connection("a", false); },
        [&] { (void)session().drop_connections({"a", "b"}); },
        [&] { session().drop_servers({}); },
        [&] { (void)session().forget_offers(); },
        [&] { session().write_config_files({}); },
        [&] { session().write_plugins({}); },
        [&] { session().write_events({{"service", "x", "controller", "", "{}"}}); },
        [&] { session().set_search_path({"a"}); },
    };
    for (std::size_t index = 0; index < writes.size(); ++index) {
        const auto error = error_of(writes[index]);
        ASSERT_TRUE(error) << "write " << index;
        EXPECT_EQ(error->kind, ErrorKind::kPermission) << "write " << index;
        EXPECT_THAT(error->message, HasSubstr("is no longer the leader")) << "write " << index;
    }
    EXPECT_EQ(state_of("a"), "pending");
    EXPECT_EQ(value("select count(*) from penstock.connection_state"), "1");
}

TEST_F(RowsTest, a_lost_session_stays_lost) {
    session().create_connections({make_desired("a")});
    as_admin("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = "
             "'penstock_owner'");
    for (int call = 0; call < 5; ++call) {
        const auto error = error_of([&] { (void)session().read_actual(); });
        ASSERT_TRUE(error);
        EXPECT_EQ(error->kind, ErrorKind::kUnavailable);
    }
    EXPECT_EQ(value("select count(*) from pg_stat_activity where usename = 'penstock_owner'"), "0");
}

} // namespace
} // namespace penstock::catalog
