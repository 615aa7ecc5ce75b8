#include "rows_table.hpp"

#include <gmock/gmock.h>

namespace penstock {
namespace {

using ::testing::ElementsAre;

ScanRequest first_rows(std::vector<RequestedColumn> columns, std::vector<SortKey> sort,
                       std::uint64_t count) {
    ScanRequest request;
    request.columns = std::move(columns);
    request.sort = std::move(sort);
    request.is_top = true;
    request.row_limit = count;
    return request;
}

TEST(TopRows, keeps_the_first_rows_by_several_columns) {
    std::vector<Row> rows;
    for (std::int64_t row = 0; row < 50'000; ++row) {
        rows.push_back({"key " + std::to_string(row % 100), row});
    }
    RowsTable table({{"k", TypeId::kText}, {"n", TypeId::kInt8}}, rows);
    const auto first = run(table, first_rows({{"n", TypeId::kInt8}, {"k", TypeId::kText}},
                                             {{"k", true, true}, {"n"}}, 3));
    EXPECT_THAT(first,
                ElementsAre(Row{std::int64_t{99}, "key 99"}, Row{std::int64_t{199}, "key 99"},
                            Row{std::int64_t{299}, "key 99"}));
    EXPECT_EQ(table.sent, rows.size());
    const Qual small = exact("n", QualOp::kLt, TypeId::kInt8, {std::int64_t{10}});
    ScanRequest request = first_rows({{"n", TypeId::kInt8}}, {{"n", true}}, 2);
    request.quals = {small};
    EXPECT_THAT(run(table, request), ElementsAre(Row{std::int64_t{8}}, Row{std::int64_t{9}}));
    request.row_limit = 1000;
    EXPECT_EQ(run(table, request).size(), 10U);
}

TEST(TopRows, keeps_the_first_groups) {
    std::vector<Row> rows;
    for (std::int64_t row = 0; row < 30'000; ++row) {
        rows.push_back({row % 10'000, row});
    }
    RowsTable table({{"k", TypeId::kInt8}, {"n", TypeId::kInt8}}, rows);
    ScanRequest request =
        grouped({{"k", TypeId::kInt8}}, {call_of(AggregateFunction::kMax, "n", TypeId::kInt8)});
    request.sort = {{"", true, true, 1}};
    request.is_top = true;
    request.row_limit = 2;
    EXPECT_THAT(run(table, request), ElementsAre(Row{std::int64_t{9998}, std::int64_t{29'998}},
                                                 Row{std::int64_t{9999}, std::int64_t{29'999}}));
    request.sort = {{"k"}};
    request.row_limit = 1;
    EXPECT_THAT(run(table, request), ElementsAre(Row{std::int64_t{0}, std::int64_t{20'000}}));
}

/// The server can sort on disk.
TEST(TopRows, sends_all_rows_when_the_first_ones_are_too_large) {
    const std::string large(1U << 20U, 'x');
    std::vector<Row> rows;
    for (std::int64_t row = 0; row < 80; ++row) {
        rows.push_back({row, large});
    }
    RowsTable table({{"n", TypeId::kInt8}, {"text", TypeId::kText}}, rows);
    const auto columns =
        std::vector<RequestedColumn>{{"n", TypeId::kInt8}, {"text", TypeId::kText}};
    EXPECT_EQ(run(table, first_rows(columns, {{"n"}}, 70)).size(), 80U);
    EXPECT_EQ(run(table, first_rows(columns, {{"n", true}}, 5)),
              std::vector<Row>(rows.end() - 5, rows.end()));
}

TEST(ScanPlan, leaves_an_order_to_a_table_that_has_or_makes_it) {
    const std::vector<Row> rows{{std::int64_t{1}, "b"}, {std::int64_t{2}, "a"}};
    Column sortable{"t", TypeId::kText};
    sortable.is_sortable = true;
    RowsTable table({{"n", TypeId::kInt8}, sortable}, rows, {{"n"}});
    ScanRequest request;
    request.columns = {{"n", TypeId::kInt8}, {"t", TypeId::kText}};
    request.sort = {{"n"}};
    request.row_limit = 1;
    EXPECT_EQ(run(table, request).size(), 1U);
    EXPECT_TRUE(table.asked.sort.empty());
    EXPECT_EQ(table.asked.row_target, 1U);
    request.sort = {{"t", true}};
    EXPECT_EQ(run(table, request).size(), 1U);
    EXPECT_EQ(table.asked.sort, request.sort);
    request.sort = {{"n", true}};
    try {
        static_cast<void>(run(table, request));
        FAIL() << "an order that nobody makes";
    } catch (const Exception& error) {
        EXPECT_EQ(error.error().message,
                  "table \"rows\" is not ordered by n desc nulls last any more");
    }
}

} // namespace
} // namespace penstock
