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

class DropTest : public test::SessionTest {
  protected:
    void mark_deleting(const std::string& name) {
        session().change_states({{.connection = name, .to = State::kDeleting}});
    }
};

TEST_F(DropTest, takes_tables_schema_and_row) {
    import("prod", {make_table("t", {make_column("x")})});
    mark_deleting("prod");
    EXPECT_TRUE(session().drop_connection("prod", false));
    EXPECT_EQ(state_of("prod"), "<none>");
    EXPECT_EQ(value("select count(*) from pg_namespace where nspname = 'prod'"), "0");
}

TEST_F(DropTest, disabling_takes_the_schema_and_keeps_the_row) {
    import("prod", {make_table("t", {make_column("x")})});
    EXPECT_TRUE(session().drop_connection("prod", true));
    const auto row = session().read_actual().at("prod");
    EXPECT_EQ(row.state, State::kDisabled);
    EXPECT_FALSE(row.has_schema);
    EXPECT_EQ(row.schema_hash, "");
    EXPECT_EQ(value("select imported from penstock.connection_state"), "f");
}

TEST_F(DropTest, keeps_what_a_view_depends_on_until_the_view_goes) {
    import("prod",
           {make_table("used", {make_column("x")}), make_table("free", {make_column("x")})});
    as_admin("create view public.v as select x from prod.used");
    mark_deleting("prod");
    EXPECT_FALSE(session().drop_connection("prod", false));
    EXPECT_FALSE(session().drop_connection("prod", false));
    auto row = session().read_actual().at("prod");
    EXPECT_EQ(row.state, State::kDeleting);
    EXPECT_EQ(row.attempts, 2);
    EXPECT_GT(row.next_attempt_ms, 0);
    EXPECT_EQ(row.error, "waits for other objects: table \"used\" is kept for view public.v");
    EXPECT_EQ(columns_of("prod", "used"), "x:text");
    EXPECT_EQ(columns_of("prod", "free"), "<null>");
    as_admin("drop view public.v");
    EXPECT_TRUE(session().drop_connection("prod", false));
    EXPECT_EQ(state_of("prod"), "<none>");
}

TEST_F(DropTest, keeps_a_schema_that_holds_somebody_elses_objects) {
    import("prod", {make_table("t", {make_column("x")})});
    as_admin("create table prod.mine (a int); create function prod.f() returns int language sql as "
             "'select 1'");
    EXPECT_FALSE(session().drop_connection("prod", true));
    EXPECT_EQ(state_of("prod"), "ready");
    EXPECT_EQ(error_text_of("prod"),
              "waits for other objects: schema \"prod\" is kept for function prod.f(), table "
              "prod.mine");
    EXPECT_EQ(value("select count(*) from prod.mine"), "0");
}

TEST_F(DropTest, a_schema_that_is_not_ours_stays_when_its_row_goes) {
    as_admin("create schema mine; create table mine.t (a int)");
    session().create_connections({make_desired("mine")});
    mark_deleting("mine");
    EXPECT_TRUE(session().drop_connection("mine", false));
    EXPECT_EQ(value("select count(*) from mine.t"), "0");
    EXPECT_EQ(state_of("mine"), "<none>");
}

TEST_F(DropTest, a_long_name_does_not_reach_the_schema_that_it_would_be_cut_to) {
    const std::string cut(63, 'x');
    import(cut, {make_table("t", {make_column("x")})});
    session().create_connections({make_desired(cut + "y")});
    mark_deleting(cut + "y");
    EXPECT_TRUE(session().drop_connection(cut + "y", false));
    EXPECT_EQ(columns_of(cut, "t"), "x:text");
}

TEST_F(DropTest, a_row_goes_from_deleting_only) {
    import("prod", {make_table("t", {make_column("x")})});
    const auto error = error_of([&] { (void)session().drop_connection("prod", false); });
    ASSERT_TRUE(error);
    EXPECT_THAT(error->message, HasSubstr("cannot go from \"ready\" to a deleted row"));
    EXPECT_EQ(value("select count(*) from pg_namespace where nspname = 'prod'"), "1");
}

class DropManyTest : public DropTest {
  protected:
    /// `count` connections to be deleted, c000 and so on, each with `tables` tables.
    std::vector<std::string> make(int count, int tables) {
        std::vector<TableSchema> offered;
        for (int number = 0; number < tables; ++number) {
            offered.push_back(make_table("t" + std::to_string(number), {make_column("x")}));
        }
        std::vector<std::string> names;
        std::vector<StateChange> changes;
        for (int number = 0; number < count; ++number) {
            names.push_back("c" + std::to_string(1000 + number).substr(1));
            import(names.back(), offered);
            changes.push_back({.connection = names.back(), .to = State::kDeleting});
        }
        session().change_states(changes);
        return names;
    }

    /// Every transaction that deletes rows leaves how many in public.deletions.
    void count_deletions() {
        as_admin("create table public.deletions (xid xid8, rows bigint);"
                 "create function public.log_deletion() returns trigger language plpgsql security "
                 "definer as $$ begin insert into public.deletions select pg_current_xact_id(), "
                 "count(*) from gone; return null; end $$;"
                 "create trigger log_deletion after delete on penstock.connection_state "
                 "referencing old table as gone for each statement execute function "
                 "public.log_deletion()");
    }

    std::string left() {
        return value("select count(*) || ' ' || (select count(*) from penstock.live_schema where "
                     "is_ours) from penstock.connection_state");
    }
};

TEST_F(DropManyTest, takes_many_in_one_transaction) {
    const auto names = make(30, 3);
    count_deletions();
    const auto rest = session().drop_connections(names);
    EXPECT_TRUE(rest.held.empty() && rest.failed.empty());
    EXPECT_EQ(left(), "0 0");
    EXPECT_EQ(value("select string_agg(rows::text, ' ') from public.deletions"), "30");
}

TEST_F(DropManyTest, never_more_than_500_tables_in_a_transaction) {
    const auto names = make(4, 200);
    count_deletions();
    EXPECT_TRUE(session().drop_connections(names).held.empty());
    EXPECT_EQ(value("select string_agg(rows::text, ' ' order by xid) from public.deletions"),
              "2 2");
}

TEST_F(DropManyTest, one_that_is_held_keeps_none_of_the_others) {
    const auto names = make(20, 1);
    as_admin("create view public.v as select x from c007.t0; create table c011.mine (a int)");
    const auto rest = session().drop_connections(names);
    EXPECT_EQ(rest.held, (std::vector<std::string>{"c007", "c011"}));
    EXPECT_TRUE(rest.failed.empty());
    EXPECT_EQ(left(), "2 2");
    EXPECT_THAT(error_text_of("c007"), HasSubstr("table \"t0\" is kept for view public.v"));
    EXPECT_EQ(value("select count(*) from c011.mine"), "0");
}

TEST_F(DropManyTest, one_that_is_refused_keeps_none_of_the_others) {
    auto names = make(5, 1);
    import("ready", {make_table("t", {make_column("x")})});
    session().create_connections({make_desired("public")}); // not ours: only its row goes
    session().change_states({{.connection = "public", .to = State::kDeleting}});
    names.insert(names.end(), {"ready", "public", "nobody"});
    const auto rest = session().drop_connections(names);
    EXPECT_TRUE(rest.held.empty());
    ASSERT_EQ(rest.failed.size(), 1);
    EXPECT_EQ(rest.failed[0].first, "ready");
    EXPECT_THAT(rest.failed[0].second.message, HasSubstr("cannot go from \"ready\""));
    EXPECT_EQ(left(), "1 1");
}

TEST_F(DropManyTest, one_that_is_read_keeps_none_of_the_others_waiting) {
    const auto names = make(8, 1);
    pqxx::connection holder{target("postgres")};
    auto lock = std::make_unique<pqxx::work>(holder);
    lock->exec("comment on foreign table c003.t0 is 'holds a lock'");
    std::thread drop([&] { EXPECT_TRUE(session().drop_connections(names).held.empty()); });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (left() != "1 1" && std::chrono::steady_clock::now() < deadline) {
    }
    EXPECT_EQ(left(), "1 1");
    lock.reset();
    drop.join();
    EXPECT_EQ(left(), "0 0");
}

TEST_F(DropManyTest, servers_go_when_nothing_needs_them) {
    session().ensure_servers({{"kept", "csv", "/run/kept.sock", 1000},
                              {"gone", "csv", "/run/gone.sock", 1000},
                              {"it's \"odd\"", "csv", "/run/odd.sock", 1000}});
    import("prod", {make_table("t", {make_column("x")})}); // on server csv
    as_admin("create server theirs foreign data wrapper penstock");
    const char* const servers = "select string_agg(srvname, ' ' order by srvname) from "
                                "pg_foreign_server";
    session().drop_servers({"kept"});
    EXPECT_EQ(value(servers), "csv kept theirs");
    mark_deleting("prod");
    ASSERT_TRUE(session().drop_connection("prod", false));
    session().drop_servers({"kept"});
    EXPECT_EQ(value(servers), "kept theirs");
}

/// A server whose lock table has no room for 500 tables.
class SmallServerTest : public DropManyTest {
  protected:
    [[nodiscard]] test::TemporaryServer& server() const override {
        static test::TemporaryServer small(
            " -c max_locks_per_transaction=10 -c max_connections=12");
        return small;
    }
};

TEST_F(SmallServerTest, what_the_lock_table_has_no_room_for_goes_in_smaller_parts) {
    std::vector<TableSchema> many;
    for (int number = 0; number < 1200; ++number) {
        many.push_back(make_table("t" + std::to_string(number), {make_column("x")}, "described"));
    }
    import("prod", many);
    EXPECT_EQ(value("select count(*) from pg_foreign_table"), "1200");
    EXPECT_EQ(value("select max(n) < 500 from (select count(*) n from pg_class where relkind = "
                    "'f' group by xmin::text) x"),
              "t");
    session().apply_comments("prod", many);
    EXPECT_EQ(value("select comments_set from penstock.connection_state"), "t");
    mark_deleting("prod");
    EXPECT_TRUE(session().drop_connections({"prod"}).failed.empty());
    EXPECT_EQ(left(), "0 0");
    std::vector<reconcile::DesiredConnection> desired;
    for (int number = 0; number < 1000; ++number) {
        desired.push_back(make_desired("c" + std::to_string(number)));
    }
    session().create_connections(desired);
    EXPECT_EQ(left(), "1000 1000");
}

} // namespace
} // namespace penstock::catalog
