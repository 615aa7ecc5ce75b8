#include "unit/controller/catalog/session_fixture.hpp"

#include <gmock/gmock.h>

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

} // namespace
} // namespace penstock::catalog
