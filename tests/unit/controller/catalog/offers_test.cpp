#include "unit/controller/catalog/session_fixture.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <thread>

namespace penstock::catalog {
namespace {

using reconcile::State;
using test::make_column;
using test::make_desired;
using test::make_table;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Tables = std::vector<TableSchema>;

class OffersTest : public test::SessionTest {
  protected:
    void unload(const std::vector<std::string>& names, const Tables& tables) {
        const auto shared = std::make_shared<const Tables>(tables);
        std::vector<Unloaded> unloaded;
        for (const std::string& name : names) {
            session().create_connections({make_desired(name)});
            unloaded.push_back(
                {name, schema_hash(tables), "c1", static_cast<int>(tables.size()), false, shared});
        }
        session().mark_unloaded(unloaded);
    }

    std::string tables() {
        return value(
            "select string_agg(concat_ws(' ', connection, table_name, \"position\", case "
            "when is_offered then 'offered' end, case when is_imported then 'imported' "
            "end), ', ' order by connection, \"position\", table_name) from penstock.\"table\"");
    }

    std::string columns_of_table(const std::string& table) {
        return value("select string_agg(concat_ws(' ', column_name, type, case when is_offered "
                     "then 'offered' end, case when is_imported then 'imported' end), ', ' order "
                     "by \"position\", column_name) from penstock.\"column\" where table_name = '" +
                     table + "'");
    }
};

TEST_F(OffersTest, one_copy_serves_all_connections_that_offer_the_same) {
    const Tables tables_offered = {make_table("b", {make_column("x")}),
                                   make_table("a", {make_column("x")})};
    unload({"one", "two"}, tables_offered);
    import("three", tables_offered);
    EXPECT_EQ(value("select count(*) from penstock.offered_table"), "2");
    EXPECT_EQ(tables(), "one b 1 offered, one a 2 offered, three b 1 offered imported, "
                        "three a 2 offered imported, two b 1 offered, two a 2 offered");
}

TEST_F(OffersTest, says_everything_about_tables_and_columns) {
    auto key = make_column("id", TypeId::kInt8);
    key.exact = kEqualityOps;
    key.superset = {QualOp::kLt};
    key.key = KeyKind::kRequired;
    key.description = "which one";
    unload({"lazy"}, {make_table("t", {key, make_column("tags", TypeId::kTextArray)}, "things")});
    EXPECT_EQ(value("select concat_ws(' ', description, problem is null) from penstock.\"table\""),
              "things t");
    EXPECT_EQ(value("select string_agg(concat_ws(' ', column_name, \"position\", type, "
                    "description, key, exact, superset), ', ' order by \"position\") from "
                    "penstock.\"column\""),
              "id 1 bigint which one required = in <, tags 2 text[]");
}

TEST_F(OffersTest, every_type_has_its_name_in_sql) {
    std::vector<Column> columns;
    for (const TypeInfo& type : all_types()) {
        columns.push_back(make_column("c" + std::to_string(columns.size()), type.id));
    }
    import("prod", {make_table("t", columns)});
    EXPECT_EQ(value("select count(*) || ' ' || bool_and(is_imported) from penstock.\"column\""),
              std::to_string(columns.size()) + " true");
}

TEST_F(OffersTest, what_is_kept_for_a_view_shows_beside_what_is_on_offer) {
    import("prod", {make_table("gone", {make_column("x")}),
                    make_table("t", {make_column("a"), make_column("b")})});
    as_admin("create view public.on_gone as select x from prod.gone;"
             "create view public.on_t as select a, b from prod.t");
    apply("prod", {make_table("t", {make_column("new"), make_column("b", TypeId::kInt4)})});
    EXPECT_EQ(tables(), "prod t 1 offered imported, prod gone imported");
    EXPECT_EQ(columns_of_table("t"), "new text offered imported, b integer offered, "
                                     "a text imported, b text imported");
    EXPECT_EQ(columns_of_table("gone"), "x text imported");
}

TEST_F(OffersTest, tables_left_out_are_shown_with_the_reason) {
    import("prod",
           {make_table("bad", {make_column("ctid")}), make_table("good", {make_column("x")}),
            make_table("", {make_column("x")}), make_table("good", {make_column("twice")}),
            make_table(std::string(4000, 'n') + "é", {make_column("x")}),
            make_table(std::string("nul\0 \xff!", 7), {make_column("x\xff")}, "\xff")});
    EXPECT_EQ(value("select count(*) || ' ' || count(problem) from penstock.\"table\""), "5 4");
    EXPECT_THAT(value("select problem from penstock.\"table\" where table_name = 'bad'"),
                HasSubstr("system column"));
    EXPECT_EQ(value("select octet_length(table_name) from penstock.\"table\" where position = 5"),
              "255");
    EXPECT_EQ(value("select table_name || ' ' || description || ' ' || (select column_name from "
                    "penstock.\"column\" c where c.table_name = t.table_name) from "
                    "penstock.\"table\" t where position = 6"),
              "nul? ?! ? x?");
    EXPECT_EQ(columns_of_table("good"), "x text offered imported");
}

TEST_F(OffersTest, an_offer_goes_when_no_connection_has_it_any_more) {
    const Tables first = {make_table("t", {make_column("x")})};
    const Tables second = {make_table("t", {make_column("y")})};
    unload({"one", "two"}, first);
    EXPECT_TRUE(session().forget_offers());
    EXPECT_EQ(value("select count(*) from penstock.offered_table"), "1");
    unload({"one"}, second);
    EXPECT_TRUE(session().forget_offers());
    EXPECT_EQ(value("select count(*) from penstock.offered_table"), "2");
    session().change_states({{.connection = "two", .to = State::kDeleting}});
    ASSERT_TRUE(session().drop_connection("two", false));
    EXPECT_TRUE(session().forget_offers());
    EXPECT_EQ(value("select string_agg(schema_hash, ' ') from penstock.offered_table"),
              schema_hash(second));
}

TEST_F(OffersTest, an_offer_in_use_by_an_open_transaction_is_left_alone) {
    unload({"one"}, {make_table("t", {make_column("x")})});
    as_admin("update penstock.connection_state set schema_hash = 'other'");
    pqxx::connection other{target("penstock_owner")};
    pqxx::work writer{other};
    writer.exec("lock table penstock.offered_table in row exclusive mode");
    EXPECT_FALSE(session().forget_offers());
    EXPECT_EQ(value("select count(*) from penstock.offered_table"), "1");
    writer.commit();
    EXPECT_TRUE(session().forget_offers());
    EXPECT_EQ(value("select count(*) from penstock.offered_table"), "0");
}

TEST_F(OffersTest, a_lost_copy_makes_the_connection_look_changed) {
    const Tables tables_offered = {make_table("t", {make_column("x")})};
    import("prod", tables_offered);
    import("empty", {});
    EXPECT_EQ(session().read_actual().at("prod").schema_hash, schema_hash(tables_offered));
    as_admin("delete from penstock.offered_table");
    EXPECT_EQ(session().read_actual().at("prod").schema_hash, "");
    EXPECT_EQ(session().read_actual().at("empty").schema_hash, schema_hash({}));
    apply("prod", tables_offered);
    EXPECT_EQ(session().read_actual().at("prod").schema_hash, schema_hash(tables_offered));
}

TEST_F(OffersTest, two_sessions_record_the_same_offer_at_once) {
    Tables many;
    for (int number = 0; number < 1200; ++number) {
        many.push_back(make_table("t" + std::to_string(number), {make_column("x")}));
    }
    const auto shared = std::make_shared<const Tables>(many);
    std::vector<std::string> names = {"a", "b", "c", "d"};
    for (const std::string& name : names) {
        session().create_connections({make_desired(name)});
    }
    std::vector<std::optional<Error>> failures(names.size());
    std::vector<std::thread> threads;
    for (std::size_t index = 0; index < names.size(); ++index) {
        threads.emplace_back([&, index] {
            failures[index] = error_of([&] {
                Session own(owner(), leader().epoch());
                own.mark_unloaded({{names[index], schema_hash(many), "c1", 1200, false, shared}});
            });
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (const auto& failure : failures) {
        EXPECT_FALSE(failure) << failure->message;
    }
    EXPECT_EQ(value("select count(*) from penstock.offered_table"), "1200");
    EXPECT_EQ(value("select count(*) from penstock.connection_state where state = 'ready'"), "4");
}

TEST_F(OffersTest, recording_and_forgetting_at_once_loses_nothing) {
    const auto even =
        std::make_shared<const Tables>(Tables{make_table("even", {make_column("x")})});
    const auto odd = std::make_shared<const Tables>(Tables{make_table("odd", {make_column("x")})});
    session().create_connections({make_desired("prod")});
    std::atomic<bool> is_over = false;
    std::thread forgetter([&] {
        Session own(owner(), leader().epoch());
        while (!is_over) {
            static_cast<void>(own.forget_offers());
        }
    });
    for (int round = 0; round < 100; ++round) {
        const auto& offered = round % 2 == 0 ? even : odd;
        session().mark_unloaded({{"prod", schema_hash(*offered), "c1", 1, false, offered}});
        if (round % 10 == 9) {
            session().change_states({{.connection = "prod", .to = State::kUpdating}});
        }
        ASSERT_EQ(value("select string_agg(table_name, ' ') from penstock.\"table\""),
                  round % 2 == 0 ? "even" : "odd");
    }
    is_over = true;
    forgetter.join();
}

} // namespace
} // namespace penstock::catalog
