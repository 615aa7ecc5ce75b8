#include "rows_table.hpp"
#include "testing/check_quals.hpp"

#include "penstock/types/evaluator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <random>

namespace penstock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const AggregateCall kCountRows{};

/// One column `x` of floats.
std::vector<Row> aggregate_floats(AggregateFunction function, const std::vector<double>& values,
                                  TypeId type = TypeId::kFloat8) {
    std::vector<Row> rows;
    for (const double value : values) {
        rows.push_back({value});
    }
    RowsTable table({{"x", type}}, rows);
    return run(table, grouped({}, {call_of(function, "x", type)}));
}

TEST(Evaluation, conditions_that_the_table_does_not_answer_are_decided_by_the_sdk) {
    RowsTable table({{"id", TypeId::kInt4}, {"name", TypeId::kText}}, {{std::int64_t{1}, "one"},
                                                                       {std::int64_t{2}, "two"},
                                                                       {Value(), "none"},
                                                                       {std::int64_t{3}, Value()}});
    ScanRequest request;
    request.columns = {{"name", TypeId::kText}};
    request.quals = {exact("id", QualOp::kGe, TypeId::kInt4, {std::int64_t{2}})};
    EXPECT_THAT(run(table, request), ElementsAre(Row{"two"}, Row{Value()}));
    EXPECT_THAT(table.asked.quals, IsEmpty());
    EXPECT_THAT(table.asked.columns, ElementsAre(RequestedColumn{"name", TypeId::kText},
                                                 RequestedColumn{"id", TypeId::kInt4}));
}

TEST(Evaluation, a_condition_that_nobody_can_decide_is_an_error) {
    RowsTable table({{"doc", TypeId::kJsonb}}, {});
    ScanRequest request;
    request.quals = {exact("doc", QualOp::kEq, TypeId::kJsonb, {Json{"1"}})};
    EXPECT_THROW(run(table, request), Exception);
}

TEST(Evaluation, a_limit_is_exact_and_stops_the_table) {
    std::vector<Row> rows;
    for (std::int64_t row = 0; row < 200'000; ++row) {
        rows.push_back({row});
    }
    RowsTable table({{"id", TypeId::kInt8}}, rows);
    ScanRequest request;
    request.columns = {{"id", TypeId::kInt8}};
    request.row_limit = 20'000;
    EXPECT_EQ(run(table, request).size(), 20'000U);
    EXPECT_LT(table.sent, 60'000U);
    request.quals = {exact("id", QualOp::kNe, TypeId::kInt8, {std::int64_t{0}})};
    request.row_limit = 2;
    EXPECT_THAT(run(table, request), ElementsAre(Row{std::int64_t{1}}, Row{std::int64_t{2}}));
}

TEST(Evaluation, an_empty_list_asks_the_table_nothing) {
    RowsTable table({{"id", TypeId::kInt8}}, {{std::int64_t{1}}});
    ScanRequest request = grouped({}, {kCountRows});
    request.quals = {exact("id", QualOp::kIn, TypeId::kInt8, {})};
    EXPECT_THAT(run(table, request), ElementsAre(Row{std::int64_t{0}}));
    EXPECT_EQ(table.sent, 0U);
}

TEST(Evaluation, rows_that_are_all_left_out_make_no_group) {
    RowsTable table({{"k", TypeId::kInt8}, {"n", TypeId::kInt8}},
                    {{std::int64_t{1}, std::int64_t{5}}, {Value(), std::int64_t{6}}});
    AggregateCall filtered{};
    filtered.filter = {exact("n", QualOp::kEq, TypeId::kInt8, {std::int64_t{7}})};
    for (const QualOp op : {QualOp::kLt, QualOp::kGe}) {
        ScanRequest request = grouped({{"k", TypeId::kInt8}}, {filtered, kCountRows});
        request.quals = {exact("n", op, TypeId::kInt8, {std::int64_t{5}})};
        const std::size_t groups = op == QualOp::kLt ? 0 : 2;
        EXPECT_EQ(run(table, request).size(), groups);
    }
}

TEST(Evaluation, aggregates_of_nothing_are_null_but_counts_are_zero) {
    RowsTable table({{"x", TypeId::kFloat8}, {"n", TypeId::kInt8}, {"t", TypeId::kText}}, {});
    EXPECT_THAT(
        run(table, grouped({}, {kCountRows, call_of(AggregateFunction::kSum, "n", TypeId::kInt8),
                                call_of(AggregateFunction::kSum, "x", TypeId::kFloat8),
                                call_of(AggregateFunction::kAvg, "x", TypeId::kFloat8),
                                call_of(AggregateFunction::kMax, "t", TypeId::kText)})),
        ElementsAre(Row{std::int64_t{0}, Value(), Value(), Value(), Value()}));
    EXPECT_THAT(run(table, grouped({{"n", TypeId::kInt8}}, {kCountRows})), IsEmpty());
}

TEST(Evaluation, sums_of_int8_do_not_overflow) {
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    RowsTable table({{"n", TypeId::kInt8}}, {{most}, {most}, {most}});
    EXPECT_THAT(run(table, grouped({}, {call_of(AggregateFunction::kSum, "n", TypeId::kInt8)})),
                ElementsAre(Row{Numeric{"27670116110564327421"}}));
    RowsTable least({{"n", TypeId::kInt8}}, {{-most - 1}, {-most - 1}});
    EXPECT_THAT(run(least, grouped({}, {call_of(AggregateFunction::kSum, "n", TypeId::kInt8)})),
                ElementsAre(Row{Numeric{"-18446744073709551616"}}));
}

TEST(Evaluation, float_sums_overflow_as_the_servers_do) {
    const double most = std::numeric_limits<double>::max();
    try {
        aggregate_floats(AggregateFunction::kSum, {most, most});
        FAIL() << "no overflow";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().sqlstate, "22003");
        EXPECT_EQ(exception.error().message, "value out of range: overflow");
    }
    EXPECT_THROW(aggregate_floats(AggregateFunction::kAvg, {1e200, -1e200}), Exception);
    EXPECT_THAT(aggregate_floats(AggregateFunction::kSum, {kInfinity, most, most}),
                ElementsAre(Row{kInfinity}));
    EXPECT_THAT(aggregate_floats(AggregateFunction::kAvg, {1, 2, 6}), ElementsAre(Row{3.0}));
    EXPECT_THAT(aggregate_floats(AggregateFunction::kAvg, {1, 2, 6}, TypeId::kFloat4),
                ElementsAre(Row{3.0}));
}

TEST(Evaluation, nan_is_the_largest_float_and_equal_values_keep_the_later_sign) {
    const auto is_nan = [](const std::vector<Row>& rows) {
        return std::isnan(std::get<double>(rows.at(0).at(0)));
    };
    EXPECT_TRUE(is_nan(aggregate_floats(AggregateFunction::kMax, {1, kNan, kInfinity})));
    EXPECT_THAT(aggregate_floats(AggregateFunction::kMin, {kNan, 7, kInfinity}),
                ElementsAre(Row{7.0}));
    const auto extreme = aggregate_floats(AggregateFunction::kMin, {0.0, -0.0});
    EXPECT_TRUE(std::signbit(std::get<double>(extreme.at(0).at(0))));
    const auto sum = aggregate_floats(AggregateFunction::kSum, {-0.0, -0.0});
    EXPECT_TRUE(std::signbit(std::get<double>(sum.at(0).at(0))));
}

TEST(Evaluation, equal_floats_and_nulls_are_one_group_each) {
    RowsTable table({{"x", TypeId::kFloat8}},
                    {{0.0}, {Value()}, {-0.0}, {kNan}, {Value()}, {-kNan}, {1.0}});
    const auto rows = run(table, grouped({{"x", TypeId::kFloat8}}, {kCountRows}));
    ASSERT_EQ(rows.size(), 4U);
    for (std::size_t group = 0; group < 3; ++group) {
        EXPECT_EQ(rows[group][1], Value(std::int64_t{2}));
    }
    EXPECT_FALSE(std::signbit(std::get<double>(rows[0][0]))); // the first that came
}

TEST(Evaluation, several_keys_do_not_run_into_each_other) {
    RowsTable table({{"a", TypeId::kText}, {"b", TypeId::kText}},
                    {{"x", "yz"}, {"xy", "z"}, {"", Value()}, {Value(), ""}, {"x", "yz"}});
    EXPECT_THAT(run(table, grouped({{"a", TypeId::kText}, {"b", TypeId::kText}}, {kCountRows})),
                ElementsAre(Row{"x", "yz", std::int64_t{2}}, Row{"xy", "z", std::int64_t{1}},
                            Row{"", Value(), std::int64_t{1}}, Row{Value(), "", std::int64_t{1}}));
}

TEST(Evaluation, a_filter_is_for_its_own_aggregate_only) {
    RowsTable table({{"k", TypeId::kBool}, {"n", TypeId::kInt2}},
                    {{true, std::int64_t{1}}, {true, std::int64_t{5}}, {false, std::int64_t{7}}});
    AggregateCall small = call_of(AggregateFunction::kSum, "n", TypeId::kInt2);
    small.filter = {exact("n", QualOp::kLt, TypeId::kInt2, {std::int64_t{5}})};
    EXPECT_THAT(run(table, grouped({{"k", TypeId::kBool}}, {kCountRows, small})),
                ElementsAre(Row{true, std::int64_t{2}, std::int64_t{1}},
                            Row{false, std::int64_t{1}, Value()}));
}

TEST(Evaluation, many_groups_come_in_several_blocks) {
    std::vector<Row> rows;
    for (std::int64_t row = 0; row < 100'000; ++row) {
        rows.push_back({"key " + std::to_string(row % 50'000), row});
    }
    RowsTable table({{"k", TypeId::kText}, {"n", TypeId::kInt8}}, rows);
    const auto groups = run(table, grouped({{"k", TypeId::kText}},
                                           {call_of(AggregateFunction::kMax, "n", TypeId::kInt8)}));
    ASSERT_EQ(groups.size(), 50'000U);
    EXPECT_EQ(groups[49'999], (Row{"key 49999", std::int64_t{99'999}}));
}

/// Random tables of every type that can be evaluated, against one row and one Value at a time.
class RandomEvaluation : public ::testing::TestWithParam<TypeId> {
  protected:
    Value random_value() {
        const std::int64_t number = std::uniform_int_distribution<std::int64_t>(-3, 3)(random_);
        switch (GetParam()) {
        case TypeId::kBool:
            return number > 0;
        case TypeId::kFloat4:
        case TypeId::kFloat8:
            return number == 3 ? kNan : number == 2 ? -kInfinity : static_cast<double>(number) / 2;
        case TypeId::kText:
            return std::string(static_cast<std::size_t>(number + 3) * 30,
                               number % 2 == 0 ? 'a' : 'b');
        case TypeId::kBytea:
            return Bytes{std::string(static_cast<std::size_t>(number + 3), '\xff')};
        case TypeId::kDate:
            return Date{static_cast<std::int32_t>(number)};
        case TypeId::kTimestamptz:
            return Timestamptz{number};
        case TypeId::kUuid:
            return Uuid{{static_cast<std::uint8_t>(number)}};
        default:
            return number;
        }
    }
    Value random_or_null() {
        return std::uniform_int_distribution<>(0, 4)(random_) == 0 ? Value() : random_value();
    }
    std::mt19937 random_{20'260'101}; // NOLINT(bugprone-random-generator-seed): the same each time
};

TEST_P(RandomEvaluation, keeps_exactly_the_rows_that_satisfy_each_operator) {
    std::vector<Row> rows;
    for (int row = 0; row < 300; ++row) {
        rows.push_back({random_or_null(), std::int64_t{row}});
    }
    RowsTable table({{"x", GetParam()}, {"row", TypeId::kInt8}}, rows);
    for (const QualOp op : {QualOp::kEq, QualOp::kNe, QualOp::kLt, QualOp::kLe, QualOp::kGt,
                            QualOp::kGe, QualOp::kIn, QualOp::kIsNull, QualOp::kIsNotNull}) {
        const bool is_test = op == QualOp::kIsNull || op == QualOp::kIsNotNull;
        std::vector<Value> values;
        for (int count = op == QualOp::kIn ? 3 : static_cast<int>(!is_test); count > 0; --count) {
            values.push_back(random_value());
        }
        const Qual qual = exact("x", op, GetParam(), values);
        std::vector<Row> wanted;
        for (const Row& row : rows) {
            if (testing::satisfies(row[0], qual)) {
                wanted.push_back({row[1]});
            }
        }
        ScanRequest request;
        request.columns = {{"row", TypeId::kInt8}};
        request.quals = {qual};
        EXPECT_EQ(run(table, request), wanted) << "operator " << sign_of(op);
    }
}

TEST_P(RandomEvaluation, makes_a_group_of_each_value) {
    std::vector<Row> rows;
    for (int row = 0; row < 500; ++row) {
        rows.push_back({random_or_null()});
    }
    RowsTable table({{"x", GetParam()}}, rows);
    std::int64_t counted = 0;
    for (const Row& group : run(table, grouped({{"x", GetParam()}}, {kCountRows}))) {
        const QualOp op = is_null(group[0]) ? QualOp::kIsNull : QualOp::kEq;
        const Qual same = exact("x", op, GetParam(),
                                is_null(group[0]) ? std::vector<Value>{} : std::vector{group[0]});
        std::int64_t wanted = 0;
        for (const Row& row : rows) {
            wanted += static_cast<std::int64_t>(testing::satisfies(row[0], same));
        }
        EXPECT_EQ(group[1], Value(wanted));
        counted += wanted;
    }
    EXPECT_EQ(counted, 500);
}

/// In any direction, with NULLs at either end: nothing that is left out comes before what is kept.
TEST_P(RandomEvaluation, keeps_the_first_rows_of_an_order) {
    std::vector<Row> rows;
    for (int row = 0; row < 3000; ++row) {
        rows.push_back({random_or_null(), std::int64_t{row}});
    }
    RowsTable table({{"x", GetParam()}, {"row", TypeId::kInt8}}, rows);
    for (const SortKey& key : {SortKey{"x", false, false}, SortKey{"x", false, true},
                               SortKey{"x", true, false}, SortKey{"x", true, true}}) {
        const auto comes_before = [&](const Value& left, const Value& right) {
            if (is_null(left) || is_null(right)) {
                return is_null(left) != is_null(right) && is_null(left) == key.is_nulls_first;
            }
            const QualOp op = key.is_descending ? QualOp::kGt : QualOp::kLt;
            return testing::satisfies(left, exact("x", op, GetParam(), {right}));
        };
        ScanRequest request;
        request.columns = {{"row", TypeId::kInt8}, {"x", GetParam()}};
        request.sort = {key};
        request.is_top = true;
        request.row_limit = 700;
        std::vector<Row> left_out = rows;
        std::vector<Row> kept = run(table, request);
        ASSERT_EQ(kept.size(), 700U);
        EXPECT_TRUE(table.asked.sort.empty());
        const auto order = [&](const Row& one, const Row& other) {
            return comes_before(one[1], other[1]);
        };
        const Value last = std::max_element(kept.begin(), kept.end(), order)->at(1);
        for (const Row& row : kept) {
            const auto index = static_cast<std::size_t>(std::get<std::int64_t>(row[0]));
            EXPECT_FALSE(comes_before(row[1], rows[index][0]) ||
                         comes_before(rows[index][0], row[1]));
            EXPECT_FALSE(left_out[index].empty()) << "row " << index << " is there twice";
            left_out[index].clear();
        }
        for (const Row& row : left_out) {
            EXPECT_TRUE(row.empty() || !comes_before(row[0], last)) << to_text({key});
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Types, RandomEvaluation,
                         ::testing::Values(TypeId::kBool, TypeId::kInt2, TypeId::kInt4,
                                           TypeId::kInt8, TypeId::kFloat4, TypeId::kFloat8,
                                           TypeId::kText, TypeId::kBytea, TypeId::kDate,
                                           TypeId::kTimestamptz, TypeId::kUuid),
                         [](const auto& parameter) {
                             return std::string(find_type(parameter.param)->sql_name);
                         });

} // namespace
} // namespace penstock
