#include "example/plugin.hpp"

#include "penstock/testing/scan.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace penstock::testing {
namespace {

class Example : public ::testing::Test {
  protected:
    FakeHost host(std::int64_t rows) { return FakeHost(plugin_, {{"rows", ConfigValue{rows}}}); }
    static Qual qual(const char* column, QualOp op, std::vector<Value> values) {
        Qual qual;
        qual.column = column;
        qual.op = op;
        qual.values = std::move(values);
        return qual;
    }
    static std::vector<Value> ids(std::initializer_list<std::int64_t> numbers) {
        return {numbers.begin(), numbers.end()};
    }

    example::ExamplePlugin plugin_;
};

TEST_F(Example, says_hello) {
    const std::vector<Row> rows = host(0).scan("example_hello");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0], (Row{std::string("hello"), std::string("world")}));
}

TEST_F(Example, counts_out_numbers) {
    const std::vector<Row> rows = host(25).scan("example_numbers");
    ASSERT_EQ(rows.size(), 25U);
    EXPECT_EQ(rows[6], (Row{std::int64_t{7}, false, 3.5, std::string("7")}));
    EXPECT_EQ(rows[9], (Row{std::int64_t{10}, true, 5.0, Value()}));
    EXPECT_EQ(host(25).count("example_numbers"), 25U);
    EXPECT_EQ(host(0).count("example_numbers"), 0U);
}

/// The host throws when a row breaks a condition that is declared exact; the counts show that none
/// is missing.
TEST_F(Example, answers_every_comparison_exactly) {
    const std::pair<QualOp, std::uint64_t> cases[] = {{QualOp::kEq, 1}, {QualOp::kNe, 9},
                                                      {QualOp::kLt, 3}, {QualOp::kLe, 4},
                                                      {QualOp::kGt, 6}, {QualOp::kGe, 7}};
    for (const auto& [op, count] : cases) {
        const std::vector<Qual> quals{qual("id", op, ids({4}))};
        EXPECT_EQ(host(10).scan("example_numbers", {"half"}, quals).size(), count) << sign_of(op);
        EXPECT_EQ(host(10).count("example_numbers", quals), count) << sign_of(op);
    }
    EXPECT_EQ(host(10).count("example_numbers", {qual("id", QualOp::kIn, ids({2, 3, 99}))}), 2U);
    EXPECT_EQ(host(10).count("example_numbers", {qual("id", QualOp::kIn, {})}), 0U);
}

TEST_F(Example, joins_conditions_by_and) {
    const std::vector<Qual> quals{qual("id", QualOp::kGt, ids({3})),
                                  qual("id", QualOp::kNe, ids({5})),
                                  qual("id", QualOp::kLe, ids({7}))};
    EXPECT_EQ(host(100).count("example_numbers", quals), 3U);
}

TEST_F(Example, answers_conditions_at_the_ends_of_int8) {
    const auto least = ids({std::numeric_limits<std::int64_t>::min()});
    const auto most = ids({std::numeric_limits<std::int64_t>::max()});
    EXPECT_EQ(host(5).count("example_numbers", {qual("id", QualOp::kGe, least)}), 5U);
    EXPECT_EQ(host(5).count("example_numbers", {qual("id", QualOp::kLe, most)}), 5U);
    EXPECT_EQ(host(5).count("example_numbers", {qual("id", QualOp::kEq, most)}), 0U);
}

/// A condition that no column offers is not sent, so all rows come.
TEST_F(Example, ignores_conditions_that_are_not_offered) {
    EXPECT_EQ(host(5).scan("example_numbers", {}, {qual("is_even", QualOp::kEq, {true})}).size(),
              5U);
}

TEST_F(Example, echoes_each_word_once) {
    const std::vector<Value> words{std::string("b"), std::string("a"), std::string("b")};
    const auto rows = host(0).scan("example_echo", {}, {qual("word", QualOp::kIn, words)});
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0], (Row{std::string("a"), std::int64_t{1}}));
    const auto both = host(0).scan(
        "example_echo", {},
        {qual("word", QualOp::kIn, words), qual("word", QualOp::kEq, {std::string("b")})});
    EXPECT_EQ(both.size(), 1U);
}

TEST_F(Example, does_not_echo_without_a_word) {
    try {
        (void)host(0).scan("example_echo");
        FAIL() << "was scanned";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kKeyMissing);
        EXPECT_NE(exception.error().hint.find("where word = "), std::string::npos);
    }
}

TEST_F(Example, fills_the_wide_table_in_any_order_of_columns) {
    const auto rows = host(5'000).scan("example_wide", {"note", "id", "ordered_at"});
    ASSERT_EQ(rows.size(), 5'000U);
    EXPECT_EQ(rows[4'999], (Row{std::string("order 1004999"), std::int64_t{4'999},
                                Timestamptz::from_unix(1'700'004'999, 4'999)}));
    for (const Row& row : host(1'000).scan("example_wide", {"code", "name", "state", "note"})) {
        for (const Value& value : row) {
            const std::size_t bytes = std::get<std::string>(value).size();
            EXPECT_TRUE(bytes >= 8 && bytes <= 20) << bytes;
        }
    }
    EXPECT_EQ(host(5'000).count("example_wide"), 5'000U);
}

/// Through encoding, blocks, the server's checks and back.
TEST_F(Example, brings_the_edges_of_each_type_across) {
    const std::vector<Row> rows = host(0).scan("example_types");
    ASSERT_EQ(rows.size(), 5U);
    const Row& ordinary = rows[0];
    const std::size_t columns = 1 + all_types().size();
    ASSERT_EQ(ordinary.size(), columns);
    EXPECT_EQ(ordinary[7], Value(Numeric{"12345.6789"}));
    EXPECT_EQ(ordinary[12], Value(Interval{3'723'000'000, 2, 14}));
    EXPECT_EQ(ordinary[16], Value(Json{R"({"a": [1, 2.50, null], "b": {"c": "d"}})"}));
    EXPECT_EQ(ordinary[17], Value(std::vector<std::string>{"one", "two words", "quote\" and \\"}));
    EXPECT_EQ(rows[1][4], Value(std::numeric_limits<std::int64_t>::min()));
    EXPECT_EQ(rows[1][8], Value(std::string()));
    EXPECT_EQ(rows[1][17], Value(std::vector<std::string>{}));
    EXPECT_EQ(rows[2][7], Value(Numeric{"123456789012345678901234567890.0000000001"}));
    EXPECT_EQ(std::get<std::string>(rows[2][8]).size(), 1009U);
    EXPECT_EQ(std::get<std::vector<std::int64_t>>(rows[2][18])[0],
              std::numeric_limits<std::int64_t>::min());
    EXPECT_TRUE(std::isnan(std::get<double>(rows[3][6])));
    for (std::size_t column = 1; column < columns; ++column) {
        EXPECT_TRUE(is_null(rows[4][column])) << column;
        EXPECT_FALSE(is_null(rows[3][column])) << column;
    }
}

TEST_F(Example, refuses_a_negative_number_of_rows) {
    try {
        (void)host(-1);
        FAIL() << "was accepted";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().argument, "rows");
    }
}

TEST_F(Example, has_tables_that_postgresql_accepts) {
    EXPECT_EQ(host(1).describe().size(), 5U);
    EXPECT_THROW((void)host(1).scan("example_nothing"), Exception);
}

} // namespace
} // namespace penstock::testing
