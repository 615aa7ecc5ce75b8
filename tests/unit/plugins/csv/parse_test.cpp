#include "csv/parse.hpp"

#include "csv/infer.hpp"

#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace penstock::csv {
namespace {

template <typename T, typename Parse>
std::optional<T> parsed(Parse parse, std::string_view text) {
    T value{};
    return parse(text, value) ? std::optional<T>(value) : std::nullopt;
}

TEST(ParseInt8, takes_what_fits_and_nothing_else) {
    const auto parse = [](std::string_view text) { return parsed<std::int64_t>(parse_int8, text); };
    EXPECT_EQ(parse("0"), 0);
    EXPECT_EQ(parse("-12"), -12);
    EXPECT_EQ(parse("+12"), 12);
    EXPECT_EQ(parse(" 12 "), 12);
    EXPECT_EQ(parse("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(parse("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(parse("0000000000000000000000007"), 7);
    for (const char* bad : {"", "-", "+", "1.0", "1a", "a", "9223372036854775808", "1 2", "--1",
                            "-9223372036854775809", "+-1", "+-1000000000000000000"}) {
        EXPECT_EQ(parse(bad), std::nullopt) << bad;
    }
}

TEST(ParseFloat8, rounds_as_strtod_does) {
    std::mt19937_64 random(7); // NOLINT(bugprone-random-generator-seed): the same every time
    for (int round = 0; round < 200'000; ++round) {
        std::string text = random() % 2 == 0 ? "-" : "";
        text += std::to_string(random() >> (random() % 60));
        text += random() % 4 == 0 ? "" : "." + std::to_string(random() >> (random() % 60));
        text +=
            random() % 3 != 0 ? "" : "e" + std::to_string(static_cast<int>(random() % 600) - 300);
        const double wanted = std::strtod(text.c_str(), nullptr);
        double got = 0;
        if (parse_float8(text, got)) {
            ASSERT_EQ(got, wanted) << text;
        } else {
            ASSERT_TRUE(std::isinf(wanted)) << text;
        }
    }
}

TEST(ParseFloat8, knows_the_names_and_the_limits) {
    double value = 0;
    EXPECT_TRUE(parse_float8("NaN", value) && std::isnan(value));
    EXPECT_TRUE(parse_float8("-Infinity", value) && std::isinf(value) && value < 0);
    EXPECT_TRUE(parse_float8("1e-400", value) && value == 0);
    EXPECT_TRUE(parse_float8(".5", value) && value == 0.5);
    for (const char* bad : {"", "-", ".", "1e400", "e5", "0x10", "nan(1)", "INFINITYX", "1,5"}) {
        EXPECT_FALSE(parse_float8(bad, value)) << bad;
    }
}

TEST(ParseDate, knows_the_calendar) {
    const auto days = [](std::string_view text) {
        const auto date = parsed<Date>(parse_date, text);
        return date ? std::optional<int>(date->days) : std::nullopt;
    };
    EXPECT_EQ(days("2000-01-01"), 0);
    EXPECT_EQ(days("1970-01-01"), -10'957);
    EXPECT_EQ(days("2024-02-29"), 8825);
    EXPECT_EQ(days("0001-01-01"), -730'119);
    EXPECT_EQ(days("9999-12-31"), 2'921'939);
    for (const char* bad : {"2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-04-31",
                            "0000-01-01", "2024-1-1", "20240101", "2024/01/01", "2024-01-0x"}) {
        EXPECT_EQ(days(bad), std::nullopt) << bad;
    }
}

TEST(ParseTimestamptz, takes_offsets_and_means_utc_without_one) {
    const auto micros = [](std::string_view text) {
        const auto time = parsed<Timestamptz>(parse_timestamptz, text);
        return time ? std::optional<std::int64_t>(time->micros) : std::nullopt;
    };
    constexpr std::int64_t kHour = 3'600'000'000;
    EXPECT_EQ(micros("2000-01-01T00:00:00Z"), 0);
    EXPECT_EQ(micros("2000-01-01 02:00:00+02"), 0);
    EXPECT_EQ(micros("2000-01-01 02:30+02:30"), 0);
    EXPECT_EQ(micros("1999-12-31 22:00:00 -0200"), 0);
    EXPECT_EQ(micros("2000-01-01 01:00:00"), kHour);
    EXPECT_EQ(micros("2000-01-01"), 0);
    EXPECT_EQ(micros("2000-01-01T00:00:00.000001Z"), 1);
    EXPECT_EQ(micros("2000-01-01T00:00:00.1Z"), 100'000);
    EXPECT_EQ(micros("2000-01-01T00:00:00.1234567Z"), 123'457);
    EXPECT_EQ(micros("1999-12-31T23:59:59.999999999Z"), 0);
    for (const char* bad : {"2000-01-01T", "2000-01-01T24:00:00", "2000-01-01T00:60:00",
                            "2000-01-01T00:00:60", "2000-01-01T00:00:00.Z", "2000-01-01T00:00:00+1",
                            "2000-01-01T00:00:00+16", "2000-01-01x00:00:00", "2000-01-01T00:00:0",
                            "2000-01-01T00:00:00ZZ", "2000-01-01 00:00:00 CET"}) {
        EXPECT_EQ(micros(bad), std::nullopt) << bad;
    }
}

TEST(ParseUuid, takes_the_usual_form_only) {
    Uuid value;
    ASSERT_TRUE(parse_uuid_text("00112233-4455-6677-8899-aaBBccddeeff", value));
    EXPECT_EQ(value.bytes[1], 0x11);
    EXPECT_EQ(value.bytes[15], 0xff);
    EXPECT_FALSE(parse_uuid_text("00112233445566778899aabbccddeeff", value));
    EXPECT_FALSE(parse_uuid_text("00112233-4455-6677-8899-aabbccddeefg", value));
    EXPECT_FALSE(parse_uuid_text("00112233-4455-6677-8899aabbccddeeff-", value));
}

struct Inference {
    std::vector<std::string> values;
    TypeId type;
};

class InferenceTable : public testing::TestWithParam<Inference> {};

TEST_P(InferenceTable, finds_the_narrowest_type_that_loses_nothing) {
    TypeGuess guess;
    for (const std::string& value : GetParam().values) {
        guess.add(value);
    }
    EXPECT_EQ(find_type(guess.type())->sql_name, find_type(GetParam().type)->sql_name);
    TypeGuess reversed;
    for (auto value = GetParam().values.rbegin(); value != GetParam().values.rend(); ++value) {
        reversed.add(*value);
    }
    EXPECT_EQ(reversed.type(), guess.type()) << "the order of values must not matter";
}

INSTANTIATE_TEST_SUITE_P(
    Values, InferenceTable,
    testing::Values(Inference{{}, TypeId::kText}, Inference{{"true", "FALSE"}, TypeId::kBool},
                    Inference{{"yes", "no"}, TypeId::kText}, Inference{{"0", "1"}, TypeId::kInt8},
                    Inference{{"true", "1"}, TypeId::kText}, Inference{{"-5", "12"}, TypeId::kInt8},
                    Inference{{"007"}, TypeId::kText}, Inference{{"1", "007"}, TypeId::kText},
                    Inference{{"+49"}, TypeId::kText}, Inference{{"-0"}, TypeId::kFloat8},
                    Inference{{"9223372036854775808"}, TypeId::kNumeric},
                    Inference{{"1", "2.5"}, TypeId::kFloat8}, Inference{{"1e5"}, TypeId::kFloat8},
                    Inference{{"0.1", "0.30000000000000004"}, TypeId::kFloat8},
                    Inference{{"3.14159265358979323846"}, TypeId::kNumeric},
                    Inference{{"1e400"}, TypeId::kNumeric},
                    Inference{{"9007199254740993", "0.5"}, TypeId::kNumeric},
                    Inference{{"9007199254740992", "0.5"}, TypeId::kFloat8},
                    Inference{{"NaN", "1.5"}, TypeId::kFloat8}, Inference{{"5."}, TypeId::kText},
                    Inference{{".5"}, TypeId::kFloat8}, Inference{{"1e"}, TypeId::kText},
                    Inference{{"1_000"}, TypeId::kText}, Inference{{"1,5"}, TypeId::kText},
                    Inference{{"2024-02-29"}, TypeId::kDate},
                    Inference{{"2023-02-29"}, TypeId::kText},
                    Inference{{"2024-01-01", "2024-01-01T10:00:00Z"}, TypeId::kTimestamptz},
                    Inference{{"2024-01-01 10:00"}, TypeId::kTimestamptz},
                    Inference{{"2024-01-01", "5"}, TypeId::kText},
                    Inference{{"00112233-4455-6677-8899-aabbccddeeff"}, TypeId::kUuid},
                    Inference{{" 12 "}, TypeId::kInt8}, Inference{{"{\"a\":1}"}, TypeId::kText}));

} // namespace
} // namespace penstock::csv
