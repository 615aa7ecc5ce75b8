#include "plugin/aggregate.hpp"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TableSchema table(std::string name, std::vector<Column> columns) {
    TableSchema schema;
    schema.name = std::move(name);
    schema.columns = std::move(columns);
    return schema;
}

std::vector<std::string> names_of(const TableSchema& schema) {
    std::vector<std::string> names;
    for (const Column& column : schema.columns) {
        names.push_back(column.name);
    }
    return names;
}

using Names = std::vector<std::string>;

TEST(AggregateSchema, has_every_table_and_column_of_the_children_and_two_of_its_own) {
    const auto joined = join_schemas({{"a", {table("t", {{"x"}, {"y"}}), table("only_a", {{"z"}})}},
                                      {"b", {table("t", {{"w"}, {"x"}})}}});
    ASSERT_EQ(joined.size(), 2U);
    EXPECT_EQ(joined[0].name, "only_a");
    EXPECT_EQ(names_of(joined[1]), (Names{"x", "y", "w", "sp_connection_name", "_ctx"}));
    EXPECT_TRUE(check_schema(joined[1]).ok());
}

TEST(AggregateSchema, makes_columns_of_different_types_jsonb_without_conditions) {
    const Column number{"x", TypeId::kInt8, "", kComparisonOps, {}, KeyKind::kRequired};
    const Column text{"x", TypeId::kText, "", kComparisonOps};
    const auto joined = join_schemas({{"a", {table("t", {number})}},
                                      {"b", {table("t", {text})}},
                                      {"c", {table("t", {number})}}});
    const Column& column = joined.at(0).columns.at(0);
    EXPECT_EQ(column.type, TypeId::kJsonb);
    EXPECT_EQ(column.exact, QualOps{});
    EXPECT_EQ(column.superset, QualOps{});
    EXPECT_EQ(column.key, KeyKind::kNone);
}

TEST(AggregateSchema, promises_no_order_because_children_answer_side_by_side) {
    TableSchema ordered = table("t", {{"x", TypeId::kInt8}});
    ordered.columns[0].is_sortable = true;
    ordered.ordered_by = {{"x"}};
    const auto joined = join_schemas({{"a", {ordered}}, {"b", {ordered}}});
    EXPECT_FALSE(joined.at(0).columns.at(0).is_sortable);
    EXPECT_TRUE(joined.at(0).ordered_by.empty());
}

TEST(AggregateSchema, relies_on_an_operator_only_when_all_children_do) {
    const QualOps equal{QualOp::kEq};
    const QualOps less{QualOp::kLt};
    const auto joined = join_schemas(
        {{"a", {table("t", {{"x", TypeId::kInt8, "", equal | less, {}, KeyKind::kAnyOf}})}},
         {"b", {table("t", {{"x", TypeId::kInt8, "", equal, {}, KeyKind::kOptional}})}}});
    const Column& column = joined.at(0).columns.at(0);
    EXPECT_EQ(column.exact, equal);
    EXPECT_EQ(column.superset, less);
    EXPECT_EQ(column.key, KeyKind::kAnyOf);
}

TEST(AggregateSchema, does_not_rely_on_what_the_first_child_only_narrows_down) {
    const QualOps equal{QualOp::kEq};
    const auto joined = join_schemas({{"a", {table("t", {{"x", TypeId::kInt8, "", {}, equal}})}},
                                      {"b", {table("t", {{"x", TypeId::kInt8, "", equal, {}}})}}});
    EXPECT_EQ(joined.at(0).columns.at(0).exact, QualOps{});
    EXPECT_EQ(joined.at(0).columns.at(0).superset, equal);
}

TEST(AggregateSchema, hides_columns_of_children_that_have_its_own_names) {
    const auto joined = join_schemas(
        {{"a", {table("t", {{"_ctx"}, {"x"}, {"sp_connection_name", TypeId::kInt8}})}}});
    EXPECT_EQ(names_of(joined.at(0)), (Names{"x", "sp_connection_name", "_ctx"}));
    EXPECT_EQ(joined.at(0).columns.at(1).type, TypeId::kText);
}

TEST(AggregateSchema, expects_the_rows_of_all_and_the_wait_of_the_slowest) {
    TableSchema small = table("t", {{"x"}});
    small.row_estimate = 10;
    small.startup_cost_ms = 5;
    TableSchema large = small;
    large.row_estimate = 1000;
    large.startup_cost_ms = 2;
    const auto joined = join_schemas({{"a", {small}}, {"b", {large}}});
    EXPECT_EQ(joined.at(0).row_estimate, 1010);
    EXPECT_EQ(joined.at(0).startup_cost_ms, 5);
}

TEST(AggregateSchema, of_no_children_has_no_tables) {
    EXPECT_TRUE(join_schemas({}).empty());
}

} // namespace
} // namespace penstock
