#include "catalog/difference.hpp"

#include "catalog/connection.hpp"
#include "unit/controller/catalog/offers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::catalog {
namespace {

using test::make_column;
using test::make_table;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Marks what was quoted, so that a raw name would show.
const Quoting kMarks = {[](const std::string& name) { return "<" + name + ">"; },
                        [](const std::string& value) { return "'" + value + "'"; }};
const Place kPlace = {"prod", "csv"};

std::vector<std::string> statements(const LiveTables& live,
                                    const std::vector<TableSchema>& wanted) {
    std::vector<std::string> result;
    for (const TableChange& table : difference(live, wanted, kPlace, kMarks)) {
        for (const Change& change : table.changes) {
            result.push_back((change.can_be_held ? "? " : "") + change.sql);
        }
    }
    return result;
}

LiveTable live_table(const std::string& name, std::vector<LiveColumn> columns) {
    LiveTable table;
    table.server = "csv";
    table.options = {{"connection", "prod"}, {"table", name}};
    table.numbers_used = columns.size();
    table.columns = std::move(columns);
    return table;
}

TEST(Difference, everything_is_quoted_and_sorted_by_table) {
    const LiveTables live = {{"m", live_table("m", {{"x", 25, {}, ""}})}};
    EXPECT_THAT(statements(live, {make_table("z", {make_column("a")}),
                                  make_table("b", {make_column("c", TypeId::kInt8Array)})}),
                ElementsAre("create foreign table <prod>.<b> (<c> int8[]) server <csv> options "
                            "(<connection> 'prod', <table> 'b')",
                            "? drop foreign table if exists <prod>.<m> restrict",
                            "create foreign table <prod>.<z> (<a> text) server <csv> options "
                            "(<connection> 'prod', <table> 'z')"));
}

TEST(Difference, columns_are_compared_by_name_not_by_place) {
    const LiveTables live = {{"t", live_table("t", {{"a", 25, {}, ""}, {"b", 25, {}, ""}})}};
    EXPECT_THAT(statements(live, {make_table("t", {make_column("b"), make_column("a")})}),
                IsEmpty());
    EXPECT_THAT(statements(live, {make_table("t", {make_column("new"), make_column("a")})}),
                ElementsAre("alter foreign table <prod>.<t> add column <new> text",
                            "? alter foreign table <prod>.<t> drop column <b> restrict"));
}

TEST(Difference, options_are_added_set_and_dropped) {
    const LiveTables live = {
        {"t", live_table("t", {{"a", 23, {{"exact", "="}, {"old", "x"}}, ""}})}};
    auto column = make_column("a", TypeId::kText);
    column.exact = {QualOp::kLt};
    column.key = KeyKind::kOptional;
    EXPECT_THAT(statements(live, {make_table("t", {column})}),
                ElementsAre("? alter foreign table <prod>.<t> alter column <a> type text",
                            "alter foreign table <prod>.<t> alter column <a> options (set <exact> "
                            "'<', add <key> 'optional', drop <old>)"));
}

TEST(Difference, what_is_no_foreign_table_is_never_dropped) {
    LiveTable plain = live_table("t", {});
    plain.is_foreign_table = false;
    EXPECT_THAT(statements({{"t", plain}}, {}), IsEmpty());
}

TEST(Difference, a_table_without_column_numbers_left_is_made_anew) {
    LiveTable full = live_table("t", {{"a", 25, {}, ""}});
    full.numbers_used = kMaxColumns;
    const auto changes =
        difference({{"t", full}}, {make_table("t", {make_column("b")})}, kPlace, kMarks);
    ASSERT_EQ(changes.size(), 1U);
    ASSERT_EQ(changes[0].changes.size(), 2U);
    EXPECT_TRUE(changes[0].changes[0].can_be_held && changes[0].changes[0].rest_needs_it);
    EXPECT_THAT(statements({{"t", full}}, {make_table("t", {make_column("a")})}), IsEmpty());
}

TEST(ErrorFromServer, takes_message_detail_and_hint_apart) {
    const Error error = error_from_server(
        "42P01",
        "ERROR:  relation \"x\" does not exist\nDETAIL:  Nobody made it.\nHINT:  Make it.\n");
    EXPECT_EQ(error.kind, ErrorKind::kNotFound);
    EXPECT_EQ(error.message, "relation \"x\" does not exist");
    EXPECT_EQ(error.detail, "Nobody made it.");
    EXPECT_EQ(error.hint, "Make it.");
    EXPECT_FALSE(error.retryable);
}

TEST(ErrorFromServer, tells_what_may_be_tried_again) {
    for (const char* state : {"55P03", "40P01", "40001"}) {
        EXPECT_TRUE(is_lock_conflict(error_from_server(state, "ERROR:  x"))) << state;
    }
    for (const char* state : {"57P01", "57P03", "53200", "08006"}) {
        EXPECT_TRUE(error_from_server(state, "ERROR:  x").retryable) << state;
        EXPECT_FALSE(is_lock_conflict(error_from_server(state, "ERROR:  x"))) << state;
    }
    EXPECT_FALSE(error_from_server("42601", "ERROR:  x").retryable);
}

} // namespace
} // namespace penstock::catalog
