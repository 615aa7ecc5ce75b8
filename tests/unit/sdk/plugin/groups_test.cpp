#include "rows_table.hpp"

#include "plugin/evaluation.hpp"

#include "penstock/protocol/frame.hpp"

#include <gmock/gmock.h>

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <random>

namespace penstock {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kLittle = 64U << 10;

/// Exactly: floats to the last bit.
std::string text_of(const Value& value) {
    if (const auto* number = std::get_if<double>(&value)) {
        std::array<char, 40> text{};
        (void)std::snprintf(text.data(), text.size(), "%a", *number);
        return text.data();
    }
    if (const auto* number = std::get_if<Numeric>(&value)) {
        return number->text;
    }
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return std::to_string(*number);
    }
    return is_null(value) ? "NULL" : std::get<std::string>(value);
}

/// The groups of `table`, sorted, when they may take `max_bytes` of memory.
std::vector<std::string> groups_of(RowsTable& table, const ScanRequest& request,
                                   std::size_t max_bytes) {
    std::vector<RequestedColumn> answer = request.columns;
    for (const AggregateCall& call : request.aggregates) {
        answer.push_back({call.column, *aggregate_result(call.function, call.type)});
    }
    std::vector<std::string> groups;
    BlockReader reader(answer, [&](const Row& row) {
        std::string text;
        for (const Value& value : row) {
            text += text_of(value) + '|';
        }
        groups.push_back(std::move(text));
    });
    const ScanPlan plan = plan_scan(request, table.schema());
    Evaluation evaluation(plan, reader, max_bytes);
    RowSink sink(plan.request, table.schema(), evaluation);
    table.scan(plan.request, sink);
    sink.finish();
    evaluation.finish();
    std::sort(groups.begin(), groups.end());
    return groups;
}

/// Keys of `key_count` different numbers and texts, NULL among them, each at many places.
std::vector<Row> random_rows(std::int64_t key_count, std::size_t row_count) {
    std::mt19937_64 random(7);
    std::vector<Row> rows;
    for (std::size_t row = 0; row < row_count; ++row) {
        const auto key =
            static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(key_count));
        const auto number = static_cast<std::int64_t>(random() % 1000);
        rows.push_back({key == 0 ? Value() : Value(key),
                        key == 1 ? Value() : Value("text " + std::to_string(key)), number,
                        static_cast<double>(number) / 3});
    }
    return rows;
}

ScanRequest grouped_by(std::vector<RequestedColumn> keys) {
    AggregateCall filtered = call_of(AggregateFunction::kMin, "x", TypeId::kFloat8);
    filtered.filter = {exact("n", QualOp::kLt, TypeId::kInt8, {std::int64_t{500}})};
    return grouped(std::move(keys),
                   {AggregateCall{}, call_of(AggregateFunction::kSum, "n", TypeId::kInt8),
                    call_of(AggregateFunction::kSum, "x", TypeId::kFloat8),
                    call_of(AggregateFunction::kAvg, "x", TypeId::kFloat8),
                    call_of(AggregateFunction::kMax, "t", TypeId::kText), filtered});
}

TEST(Groups, that_do_not_fit_are_the_same_as_those_that_fit) {
    RowsTable table(
        {{"k", TypeId::kInt8}, {"t", TypeId::kText}, {"n", TypeId::kInt8}, {"x", TypeId::kFloat8}},
        random_rows(20'000, 100'000));
    const std::vector<RequestedColumn> keys[] = {
        {{"k", TypeId::kInt8}},
        {{"t", TypeId::kText}},
        {{"k", TypeId::kInt8}, {"t", TypeId::kText}},
    };
    for (const auto& key : keys) {
        const std::vector<std::string> expected = groups_of(table, grouped_by(key), kMaxGroupBytes);
        ASSERT_GT(expected.size(), 19'000U);
        // A few groups at a time: what was spilled is spilled again.
        EXPECT_EQ(groups_of(table, grouped_by(key), kLittle), expected);
        EXPECT_EQ(groups_of(table, grouped_by(key), std::size_t{1} << 20), expected);
    }
}

TEST(Groups, without_aggregates_may_be_spilled) {
    RowsTable table(
        {{"k", TypeId::kInt8}, {"t", TypeId::kText}, {"n", TypeId::kInt8}, {"x", TypeId::kFloat8}},
        random_rows(5'000, 20'000));
    const ScanRequest request = grouped({{"t", TypeId::kText}}, {});
    EXPECT_EQ(groups_of(table, request, kLittle), groups_of(table, request, kMaxGroupBytes));
}

TEST(Groups, conditions_are_those_of_spilled_rows_too) {
    RowsTable table(
        {{"k", TypeId::kInt8}, {"t", TypeId::kText}, {"n", TypeId::kInt8}, {"x", TypeId::kFloat8}},
        random_rows(5'000, 20'000));
    ScanRequest request = grouped_by({{"k", TypeId::kInt8}});
    request.quals = {exact("n", QualOp::kGe, TypeId::kInt8, {std::int64_t{300}})};
    EXPECT_EQ(groups_of(table, request, kLittle), groups_of(table, request, kMaxGroupBytes));
}

TEST(Groups, that_cannot_be_spilled_are_an_error_that_says_where) {
    RowsTable table(
        {{"k", TypeId::kInt8}, {"t", TypeId::kText}, {"n", TypeId::kInt8}, {"x", TypeId::kFloat8}},
        random_rows(5'000, 20'000));
    const char* before = std::getenv("TMPDIR");
    const std::string usual = before == nullptr ? "" : before;
    setenv("TMPDIR", "/nowhere", 1);
    try {
        (void)groups_of(table, grouped_by({{"k", TypeId::kInt8}}), kLittle);
        ADD_FAILURE() << "no error";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kLimit);
        EXPECT_EQ(
            exception.error().message,
            "could not make a temporary file in \"/nowhere\" for groups that do not fit in the "
            "plugin's memory");
        EXPECT_EQ(exception.error().detail, "No such file or directory.");
    }
    before == nullptr ? unsetenv("TMPDIR") : setenv("TMPDIR", usual.c_str(), 1);
}

TEST(Groups, that_fill_the_disk_are_an_error) {
    RowsTable table(
        {{"k", TypeId::kInt8}, {"t", TypeId::kText}, {"n", TypeId::kInt8}, {"x", TypeId::kFloat8}},
        random_rows(20'000, 100'000));
    rlimit usual{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit little{1U << 20, usual.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &little), 0);
    std::optional<Error> error;
    try {
        (void)groups_of(table, grouped_by({{"k", TypeId::kInt8}}), kLittle);
    } catch (const Exception& exception) {
        error = exception.error();
    }
    (void)setrlimit(RLIMIT_FSIZE, &usual);
    (void)std::signal(SIGXFSZ, handler);
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind, ErrorKind::kLimit);
    EXPECT_EQ(error->sqlstate, "53100");
}

TEST(Groups, of_a_query_that_is_cancelled_are_not_read_back) {
    RowsTable table(
        {{"k", TypeId::kInt8}, {"t", TypeId::kText}, {"n", TypeId::kInt8}, {"x", TypeId::kFloat8}},
        random_rows(5'000, 20'000));
    const ScanPlan plan = plan_scan(grouped_by({{"k", TypeId::kInt8}}), table.schema());
    Groups groups(plan, kLittle);
    std::vector<ColumnBuilder> result;
    for (const TypeId type : groups.result_types()) {
        result.emplace_back(type);
    }
    class Feed final : public BlockOutput {
      public:
        Feed(Groups& groups, const ScanPlan& plan) : groups_(groups), plan_(plan) {}
        void write_frame(std::span<const std::byte> frame) override {
            std::vector<TypeId> types;
            for (const RequestedColumn& column : plan_.request.columns) {
                types.push_back(column.type);
            }
            std::vector<ColumnView> columns(types.size());
            const std::uint32_t count =
                open_block(frame.subspan(kFrameHeaderBytes), types, columns).take();
            std::vector<std::uint32_t> rows(count);
            std::iota(rows.begin(), rows.end(), 0U);
            groups_.add(columns, rows, count);
        }
        [[nodiscard]] bool is_cancelled() const noexcept override { return false; }

      private:
        Groups& groups_;
        const ScanPlan& plan_;
    } feed(groups, plan);
    RowSink sink(plan.request, table.schema(), feed);
    table.scan(plan.request, sink);
    sink.finish();
    try {
        groups.finish(result, [] {}, [] { return true; });
        FAIL() << "no error";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kCancelled);
    }
    EXPECT_LT(result[0].row_count(), 4'900U);
}

TEST(Groups, of_large_rows_need_no_larger_blocks_on_disk) {
    std::vector<Row> rows;
    for (std::int64_t row = 0; row < 40; ++row) {
        const bool is_large = row % 2 == 1;
        rows.push_back({row, std::string(is_large ? 16'700'000 : 50'000, 'x')});
    }
    RowsTable table({{"k", TypeId::kInt8}, {"t", TypeId::kText}}, rows);
    ScanRequest request =
        grouped({{"k", TypeId::kInt8}}, {call_of(AggregateFunction::kCount, "t", TypeId::kText)});
    EXPECT_EQ(groups_of(table, request, 1).size(), 40U);
}

TEST(Groups, whose_states_outgrow_the_memory_are_an_error) {
    std::vector<Row> rows;
    for (std::int64_t row = 0; row < 1000; ++row) {
        rows.push_back({row % 10, std::string(static_cast<std::size_t>(row) * 100, 'x')});
    }
    RowsTable table({{"k", TypeId::kInt8}, {"t", TypeId::kText}}, rows);
    try {
        (void)groups_of(
            table,
            grouped({{"k", TypeId::kInt8}}, {call_of(AggregateFunction::kMax, "t", TypeId::kText)}),
            kLittle);
        FAIL() << "no error";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kLimit);
        EXPECT_EQ(exception.error().message, "groups are too large");
        EXPECT_THAT(exception.error().hint, HasSubstr("penstock.aggregate_pushdown = off"));
    }
}

} // namespace
} // namespace penstock
