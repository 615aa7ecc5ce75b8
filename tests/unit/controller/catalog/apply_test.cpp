#include "unit/controller/catalog/session_fixture.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace penstock::catalog {
namespace {

using reconcile::State;
using test::make_column;
using test::make_desired;
using test::make_table;
using ::testing::HasSubstr;

class ApplyTest : public test::SessionTest {
  protected:
    /// Runs `sql` in the middle of a refresh of prod, while that waits for its table t.
    void change_during_refresh(const std::vector<TableSchema>& wanted, const std::string& sql) {
        pqxx::connection holder{target("postgres")};
        auto lock = std::make_unique<pqxx::work>(holder);
        lock->exec("comment on foreign table prod.t is 'holds a lock until its transaction ends'");
        std::thread refresh([&] { session().apply_schema(make_desired("prod"), wanted, true); });
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        std::string text;
        while (text.find("waits for a lock") == std::string::npos &&
               std::chrono::steady_clock::now() < deadline) {
            text = error_text_of("prod");
        }
        EXPECT_THAT(text, HasSubstr("waits for a lock")) << "the change came too early";
        as_admin(sql);
        lock.reset();
        refresh.join();
    }

    /// How often the tables of the schema were made anew or altered is in their transaction ids.
    std::string versions_of(const std::string& schema) {
        return value("select string_agg(c.oid || ':' || c.xmin || ':' || t.xmin, ' ' order by "
                     "c.relname) from pg_class c join pg_foreign_table t on t.ftrelid = c.oid "
                     "where relnamespace = " +
                     admin().quote(schema) + "::regnamespace");
    }
};

TEST_F(ApplyTest, empties_a_schema_that_is_not_to_be_loaded) {
    const auto table = make_table("people", {make_column("id", TypeId::kInt8)});
    import("prod", {table});
    session().change_states({{.connection = "prod", .to = State::kUpdating}});
    session().apply_schema(make_desired("prod"), {table}, true, false);
    EXPECT_EQ(columns_of("prod", "people"), "<null>");
    EXPECT_EQ(value("select concat_ws(' ', state, imported, table_count, comments_set) from "
                    "penstock.connection_state"),
              "ready f 1 t");
    EXPECT_TRUE(session().read_actual().at("prod").schema_is_empty);
}

TEST_F(ApplyTest, makes_tables_with_types_options_and_rights) {
    auto key = make_column("id", TypeId::kInt8);
    key.exact = kEqualityOps;
    key.key = KeyKind::kRequired;
    auto table = make_table("people", {key, make_column("tags", TypeId::kTextArray)});
    table.row_estimate = 5;
    import("prod", {table});
    EXPECT_EQ(columns_of("prod", "people"), "id:bigint tags:text[]");
    EXPECT_EQ(value("select array_to_string(ftoptions, ' ') from pg_foreign_table"),
              "connection=prod table=people rows=5");
    EXPECT_EQ(value("select array_to_string(attfdwoptions, ',') from pg_attribute where attrelid = "
                    "'prod.people'::regclass and attname = 'id'"),
              "exact== in,key=required");
    EXPECT_EQ(value("select has_table_privilege('penstock_users', 'prod.people', 'SELECT')"), "t");
    EXPECT_EQ(value("select has_table_privilege('penstock_users', 'prod.people', 'INSERT')"), "f");
    const auto row = session().read_actual().at("prod");
    EXPECT_EQ(row.state, State::kReady);
    EXPECT_EQ(row.config_hash, "c1");
    EXPECT_EQ(row.schema_hash, schema_hash({table}));
    EXPECT_TRUE(row.schema_is_intact);
    EXPECT_FALSE(row.comments_set);
    EXPECT_EQ(value("select imported || ' ' || table_count || ' ' || schema_mode from "
                    "penstock.connection_state"),
              "true 1 dynamic");
    EXPECT_EQ(value("select key || ' ' || exact from penstock.\"column\" where column_name = 'id'"),
              "required = in");
}

TEST_F(ApplyTest, touches_nothing_when_nothing_differs) {
    const std::vector<TableSchema> tables = {make_table("a", {make_column("x")}),
                                             make_table("b", {make_column("y")})};
    import("prod", tables);
    const auto before = versions_of("prod");
    apply("prod", tables);
    EXPECT_EQ(versions_of("prod"), before);
}

TEST_F(ApplyTest, makes_every_kind_of_difference) {
    auto optioned = make_column("o");
    optioned.exact = {QualOp::kEq};
    auto estimated = make_table("estimated", {make_column("x")});
    estimated.row_estimate = 5;
    import("prod", {make_table("kept", {make_column("a"), make_column("b"), make_column("c")}),
                    make_table("gone", {make_column("x")}), estimated,
                    make_table("options", {optioned, make_column("p")})});
    const auto oid = value("select 'prod.kept'::regclass::oid");

    auto unoptioned = make_column("o");
    auto changed = make_column("p");
    changed.superset = {QualOp::kLt};
    changed.key = KeyKind::kOptional;
    auto unestimated = make_table("estimated", {make_column("x")});
    unestimated.startup_cost_ms = 7;
    apply("prod", {make_table("kept", {make_column("new"), make_column("a", TypeId::kInt4),
                                       make_column("c")}),
                   make_table("added", {make_column("x", TypeId::kJsonb)}), unestimated,
                   make_table("options", {unoptioned, changed})});

    EXPECT_EQ(value("select 'prod.kept'::regclass::oid"), oid);
    EXPECT_EQ(columns_of("prod", "kept"), "a:integer c:text new:text");
    EXPECT_EQ(columns_of("prod", "gone"), "<null>");
    EXPECT_EQ(columns_of("prod", "added"), "x:jsonb");
    EXPECT_EQ(value("select array_to_string(ftoptions, ' ') from pg_foreign_table where ftrelid = "
                    "'prod.estimated'::regclass"),
              "connection=prod table=estimated startup_ms=7");
    EXPECT_EQ(value("select string_agg(attname || coalesce(attfdwoptions::text, '-'), ' ' order by "
                    "attname) from pg_attribute where attrelid = 'prod.options'::regclass and "
                    "attnum > 0"),
              "o- p{superset=<,key=optional}");
    EXPECT_EQ(state_of("prod"), "ready");
    EXPECT_EQ(error_text_of("prod"), "<null>");
}

TEST_F(ApplyTest, another_instance_makes_the_tables_anew_on_its_server) {
    session().ensure_servers({{"other", "csv", "/run/other.sock", 1000}});
    import("prod", {make_table("t", {make_column("x")})});
    auto moved = make_desired("prod");
    moved.plugin_instance = "other";
    session().change_states({{.connection = "prod", .to = State::kUpdating}});
    session().apply_schema(moved, {make_table("t", {make_column("x")})}, false);
    EXPECT_EQ(value("select srvname from pg_foreign_server s join pg_foreign_table t on s.oid = "
                    "t.ftserver"),
              "other");
}

TEST_F(ApplyTest, a_table_that_used_up_its_column_numbers_is_made_anew) {
    import("prod", {make_table("t", {make_column("x")})});
    for (int round = 0; round < 3; ++round) {
        std::vector<Column> columns{make_column("x")};
        for (int index = 0; index < 700; ++index) {
            columns.push_back(make_column("c" + std::to_string(round * 700 + index)));
        }
        apply("prod", {make_table("t", columns)});
        EXPECT_EQ(value("select count(*) from pg_attribute where attrelid = 'prod.t'::regclass and "
                        "attnum > 0 and not attisdropped"),
                  "701");
    }
}

TEST_F(ApplyTest, keeps_what_users_objects_depend_on_and_names_them) {
    import("prod",
           {make_table("used", {make_column("a"), make_column("b"), make_column("c")}),
            make_table("gone", {make_column("x")}), make_table("free", {make_column("x")})});
    as_admin("create view public.on_gone as select x from prod.gone;"
             "create view public.on_a as select a from prod.used;"
             "create view public.on_b as select b from prod.used;"
             "create function public.on_type(prod.gone) returns int language sql as 'select 1'");
    apply("prod", {make_table("used", {make_column("b", TypeId::kInt4)})});
    EXPECT_EQ(columns_of("prod", "used"), "a:text b:text");
    EXPECT_EQ(columns_of("prod", "gone"), "x:text");
    EXPECT_EQ(columns_of("prod", "free"), "<null>");
    EXPECT_EQ(state_of("prod"), "ready");
    const auto error = error_text_of("prod");
    EXPECT_THAT(error, HasSubstr("table \"gone\" is kept for function public.on_type(prod.gone), "
                                 "view public.on_gone"));
    EXPECT_THAT(error, HasSubstr("column \"a\" of table \"used\" is kept for view public.on_a"));
    EXPECT_THAT(error, HasSubstr("column \"b\" of table \"used\" is kept for view public.on_b"));
    EXPECT_TRUE(session().read_actual().at("prod").schema_is_intact);
}

TEST_F(ApplyTest, what_was_kept_goes_once_nothing_depends_on_it) {
    import("prod", {make_table("gone", {make_column("x")}), make_table("t", {make_column("x")})});
    as_admin("create view public.on_gone as select x from prod.gone");
    const std::vector<TableSchema> wanted = {make_table("t", {make_column("x")})};
    apply("prod", wanted);
    ASSERT_TRUE(session().read_actual().at("prod").schema_is_intact);
    as_admin("drop view public.on_gone");
    EXPECT_FALSE(session().read_actual().at("prod").schema_is_intact);
    apply("prod", wanted);
    EXPECT_EQ(columns_of("prod", "gone"), "<null>");
    EXPECT_EQ(error_text_of("prod"), "<null>");
    EXPECT_TRUE(session().read_actual().at("prod").schema_is_intact);
}

TEST_F(ApplyTest, skips_a_table_that_postgresql_would_refuse_and_says_so) {
    import("prod",
           {make_table("good", {make_column("x")}), make_table("bad", {make_column("ctid")}),
            make_table("good", {make_column("other")})});
    EXPECT_EQ(columns_of("prod", "good"), "x:text");
    EXPECT_EQ(columns_of("prod", "bad"), "<null>");
    EXPECT_EQ(state_of("prod"), "ready");
    EXPECT_THAT(error_text_of("prod"), HasSubstr("\"ctid\""));
    EXPECT_THAT(error_text_of("prod"), HasSubstr("table \"good\" is offered twice"));
    EXPECT_THAT(value("select detail ->> 'reason' from penstock.event where connection = 'prod'"),
                HasSubstr("\"ctid\""));
}

TEST_F(ApplyTest, makes_a_schema_again_that_somebody_dropped) {
    const std::vector<TableSchema> tables = {make_table("t", {make_column("x")})};
    import("prod", tables);
    as_admin("drop schema prod cascade");
    EXPECT_FALSE(session().read_actual().at("prod").has_schema);
    apply("prod", tables);
    EXPECT_EQ(columns_of("prod", "t"), "x:text");
    EXPECT_TRUE(session().read_actual().at("prod").schema_is_ours);
}

TEST_F(ApplyTest, notices_what_somebody_changed_and_puts_it_right) {
    const std::vector<TableSchema> tables = {make_table("t", {make_column("x"), make_column("y")})};
    const std::vector<std::string> meddlings = {
        "alter foreign table prod.t add column z int",
        "alter foreign table prod.t drop column y",
        "alter foreign table prod.t alter column y type int4",
        "alter foreign table prod.t alter column y options (add exact '=')",
        "alter foreign table prod.t options (set \"table\" 'other')",
        "alter foreign table prod.t rename to u",
        "drop foreign table prod.t",
        "create foreign table prod.extra (a int) server csv",
    };
    import("prod", tables);
    for (const std::string& meddling : meddlings) {
        ASSERT_TRUE(session().read_actual().at("prod").schema_is_intact);
        as_admin(meddling);
        EXPECT_FALSE(session().read_actual().at("prod").schema_is_intact) << meddling;
        EXPECT_EQ(
            value("select l.live_hash = penstock.live_hash('prod') from penstock.live_schema l "
                  "where schema_name = 'prod'"),
            "t");
        apply("prod", tables);
        EXPECT_EQ(columns_of("prod", "t"), "x:text y:text") << meddling;
    }
}

TEST_F(ApplyTest, imports_1200_tables_in_batches_and_drops_them_again) {
    std::vector<TableSchema> tables;
    for (int index = 0; index < 1200; ++index) {
        tables.push_back(make_table("t" + std::to_string(index), {make_column("x")}));
    }
    import("prod", tables);
    EXPECT_EQ(value("select count(*) from pg_class where relkind = 'f'"), "1200");
    EXPECT_EQ(value("select count(distinct xmin::text) from pg_class where relkind = 'f'"), "3");
    EXPECT_EQ(value("select max(n) from (select count(*) n from pg_class where relkind = 'f' group "
                    "by xmin::text) x"),
              "500");
    EXPECT_EQ(value("select table_count from penstock.connection_state"), "1200");
    session().change_states({{.connection = "prod", .to = State::kDeleting}});
    EXPECT_TRUE(session().drop_connection("prod", false));
    EXPECT_EQ(value("select count(*) from pg_class where relkind = 'f'"), "0");
    EXPECT_EQ(value("select count(*) from penstock.connection_state"), "0");
}

TEST_F(ApplyTest, waits_for_a_lock_in_short_tries_and_says_for_whom) {
    import("prod", {make_table("t", {make_column("x")})});
    session().change_states({{.connection = "prod", .to = State::kUpdating}});
    pqxx::connection holder{target("postgres")};
    auto lock = std::make_unique<pqxx::work>(holder);
    lock->exec("comment on foreign table prod.t is 'holds a lock until its transaction ends'");
    std::optional<Error> failure;
    std::thread refresh([&] {
        failure = error_of([&] {
            session().apply_schema(make_desired("prod"),
                                   {make_table("t", {make_column("x"), make_column("y")})}, true);
        });
    });
    std::string text;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (text.find("waits for a lock") == std::string::npos &&
           std::chrono::steady_clock::now() < deadline) {
        text = error_text_of("prod");
    }
    EXPECT_EQ(text, "waits for a lock that server process " + std::to_string(holder.backendpid()) +
                        " holds");
    lock.reset();
    refresh.join();
    EXPECT_FALSE(failure) << failure->message;
    EXPECT_EQ(columns_of("prod", "t"), "x:text y:text");
    EXPECT_EQ(error_text_of("prod"), "<null>");
}

TEST_F(ApplyTest, puts_right_what_somebody_changed_while_it_was_at_work) {
    const auto other = make_table("other", {make_column("x")});
    const auto third = make_table("third", {make_column("x")});
    import("prod", {make_table("t", {make_column("x")}), other, third});
    session().change_states({{.connection = "prod", .to = State::kUpdating}});
    const std::vector<TableSchema> wanted = {make_table("t", {make_column("x"), make_column("y")}),
                                             other, third};
    change_during_refresh(
        wanted, "alter foreign table prod.other rename to by_hand; drop foreign table prod.third");
    EXPECT_EQ(state_of("prod"), "ready");
    EXPECT_EQ(columns_of("prod", "by_hand"), "<null>");
    EXPECT_EQ(columns_of("prod", "t"), "x:text y:text");
    EXPECT_EQ(columns_of("prod", "other") + columns_of("prod", "third"), "x:textx:text");
    EXPECT_TRUE(session().read_actual().at("prod").schema_is_intact);
}

TEST_F(ApplyTest, does_not_forget_what_is_held_when_its_dependents_go_meanwhile) {
    import("prod", {make_table("a", {make_column("x")}), make_table("t", {make_column("x")})});
    as_admin("create view public.on_a as select x from prod.a");
    session().change_states({{.connection = "prod", .to = State::kUpdating}});
    pqxx::connection holder{target("postgres")};
    auto lock = std::make_unique<pqxx::work>(holder);
    lock->exec("comment on foreign table prod.t is 'holds a lock until its transaction ends'");
    const std::vector<TableSchema> wanted = {make_table("t", {make_column("x"), make_column("y")})};
    std::thread refresh([&] { session().apply_schema(make_desired("prod"), wanted, true); });
    const auto is_waiting = [this] {
        return value("select count(*) from pg_locks l join pg_class c on c.oid = l.relation where "
                     "relname = 't' and not granted") == "1";
    };
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!is_waiting() && std::chrono::steady_clock::now() < deadline) {
    }
    // Table "a" was refused in this transaction; the view goes before its last statement.
    as_admin("drop view public.on_a");
    lock.reset();
    refresh.join();
    // Where its own lock was late the transaction was tried again, without the view.
    const bool is_dropped = columns_of("prod", "a") == "<null>";
    EXPECT_EQ(session().read_actual().at("prod").schema_is_intact, is_dropped);
}

TEST_F(ApplyTest, does_not_forget_what_is_held_by_what_came_meanwhile_and_went_again) {
    import("prod", {make_table("t", {make_column("x")}), make_table("z", {make_column("x")})});
    session().change_states({{.connection = "prod", .to = State::kUpdating}});
    const std::vector<TableSchema> wanted = {make_table("t", {make_column("x"), make_column("y")})};
    change_during_refresh(wanted, "create view public.on_z as select x from prod.z");
    EXPECT_EQ(columns_of("prod", "z"), "x:text");
    as_admin("drop view public.on_z");
    EXPECT_FALSE(session().read_actual().at("prod").schema_is_intact);
    apply("prod", wanted);
    EXPECT_EQ(columns_of("prod", "z"), "<null>");
}

TEST_F(ApplyTest, a_connection_that_is_being_deleted_does_not_become_ready) {
    session().create_connections({make_desired("prod")});
    session().change_states({{.connection = "prod", .to = State::kDeleting}});
    const auto error = error_of([&] {
        session().apply_schema(make_desired("prod"), {make_table("t", {make_column("x")})}, true);
    });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->sqlstate, "23514");
    EXPECT_EQ(columns_of("prod", "t"), "<null>"); // same transaction
}

TEST_F(ApplyTest, sets_comments_changes_them_and_takes_them_away) {
    auto column = make_column("x");
    column.description = "it's $x$ a \\ value;";
    const std::vector<TableSchema> tables = {make_table("t", {column}, "all 'of' them")};
    import("prod", tables);
    session().apply_comments("prod", tables);
    EXPECT_EQ(value("select obj_description('prod.t'::regclass)"), "all 'of' them");
    EXPECT_EQ(value("select col_description('prod.t'::regclass, 1)"), column.description);
    EXPECT_TRUE(session().read_actual().at("prod").comments_set);
    session().apply_comments("prod", {make_table("t", {make_column("x")}),
                                      make_table("not_there", {make_column("x")}, "nothing")});
    EXPECT_EQ(value("select count(*) from pg_description where objoid = 'prod.t'::regclass"), "0");
}

} // namespace
} // namespace penstock::catalog
