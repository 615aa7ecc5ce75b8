#include "plugin/value_to_json.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace penstock {
namespace {

struct Case {
    Value value;
    TypeId type;
    const char* json;
};

TEST(ValueToJson, writes_what_to_jsonb_writes) {
    const Case cases[] = {
        {true, TypeId::kBool, "true"},
        {std::int64_t{-7}, TypeId::kInt2, "-7"},
        {0.1, TypeId::kFloat8, "0.1"},
        {double{0.1F}, TypeId::kFloat4, "0.1"},
        {1e300, TypeId::kFloat8, "1e+300"},
        {std::numeric_limits<double>::infinity(), TypeId::kFloat8, "\"Infinity\""},
        {std::numeric_limits<double>::quiet_NaN(), TypeId::kFloat8, "\"NaN\""},
        {Numeric{"12.50"}, TypeId::kNumeric, "12.50"},
        {Numeric{"NaN"}, TypeId::kNumeric, "\"NaN\""},
        {std::string("a\"b\\c\n\x01ü"), TypeId::kText, R"("a\"b\\c\u000a\u0001ü")"},
        {Bytes{"\x01\xff"}, TypeId::kBytea, "\"\\\\x01ff\""},
        {Date{1}, TypeId::kDate, "\"2000-01-02\""},
        {Timestamptz{1'500'000}, TypeId::kTimestamptz, "\"2000-01-01T00:00:01.500000+00:00\""},
        {Timestamptz{INT64_MAX}, TypeId::kTimestamptz, "\"infinity\""},
        {Uuid{}, TypeId::kUuid, "\"00000000-0000-0000-0000-000000000000\""},
        {Inet{false, 8, {10}}, TypeId::kInet, "\"10.0.0.0/8\""},
        {Json{"{\"a\": 1}"}, TypeId::kJsonb, "{\"a\": 1}"},
        {std::vector<std::string>{"a", "\""}, TypeId::kTextArray, R"(["a", "\""])"},
        {std::vector<std::int64_t>{1, -2}, TypeId::kInt8Array, "[1, -2]"},
        {std::vector<std::int64_t>{}, TypeId::kInt8Array, "[]"},
    };
    for (const Case& each : cases) {
        EXPECT_EQ(value_to_json(each.value, each.type), each.json);
    }
}

} // namespace
} // namespace penstock
