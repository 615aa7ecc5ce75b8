#include "penstock/plugin/jsonb.hpp"

#include "support/datum_column.hpp"
#include "support/golden_datums.hpp"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using testing::check_at;
using testing::GoldenDatum;
using testing::load_golden_datums;
using testing::long_content_at;

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Jsonb, writes_the_servers_bytes) {
    for (const GoldenDatum& golden : load_golden_datums("jsonb")) {
        DataArea area;
        append_text(area, "unaligned");
        const std::uint32_t offset = append_jsonb(area, golden.input).take();
        EXPECT_EQ(offset % 4, 0U);
        EXPECT_EQ(long_content_at(area, offset), golden.content) << golden.input;
        EXPECT_EQ(check_at(area, offset, TypeId::kJsonb), DatumFault::kOk) << golden.input;
    }
}

TEST(Jsonb, refuses_malformed_text) {
    for (const char* text : {"",
                             " ",
                             "[",
                             "]",
                             "{",
                             "}",
                             "[1",
                             "[1,",
                             "[1,]",
                             "[,1]",
                             "[1 2]",
                             "1 2",
                             "1,2",
                             "[1],[2]",
                             "1],[2",
                             "{\"a\"}",
                             "{\"a\":}",
                             "{\"a\":1,}",
                             "{\"a\" 1}",
                             "{1:2}",
                             "{a:1}",
                             "{\"a\":1 \"b\":2}",
                             "[1}",
                             "{\"a\":1]",
                             "[{\"a\":[]",
                             "tru",
                             "truex",
                             "true x",
                             "nul",
                             "nullx",
                             "fals",
                             "+1",
                             "01",
                             "-",
                             "1.",
                             ".5",
                             "1e",
                             "1e+",
                             "--1",
                             "0x1",
                             "NaN",
                             "Infinity",
                             "'a'",
                             "\"a",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\\u12g4\"",
                             "\"a\nb\"",
                             "\"a\tb\"",
                             "[1]]",
                             "{\"a\":1}}",
                             "// c\n1",
                             "1 /* c */"}) {
        DataArea area;
        const auto result = append_jsonb(area, text);
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_STREQ(sqlstate_of(result.error()), "22P02") << text;
        EXPECT_TRUE(result.error().detail.ends_with('.')) << result.error().detail;
        EXPECT_TRUE(area.empty()) << text;
    }
}

TEST(Jsonb, refuses_invalid_utf8_with_the_code_of_text) {
    for (const char* text : {"\"\xFF\"", "\"\xED\xA0\x80\"", "{\"\xC3\":1}", "\"ä\", \xE2\x82"}) {
        DataArea area;
        const auto result = append_jsonb(area, text);
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_STREQ(sqlstate_of(result.error()), "22021") << text;
    }
}

TEST(Jsonb, says_what_is_wrong_and_where) {
    const auto detail_of = [](std::string_view text) {
        DataArea area;
        return append_jsonb(area, text).error().detail;
    };
    EXPECT_EQ(detail_of("[1, 2 3]"), "Expected \",\" or \"]\", at byte 7.");
    EXPECT_EQ(detail_of("{\"a\" 1}"), "Expected \":\" after a key, at byte 6.");
    EXPECT_EQ(detail_of("[\"\\u00e4\", tru]"), "Expected true, false or null, at byte 12.");
    EXPECT_EQ(detail_of("{\"a\":"), "The document ended unexpectedly, at byte 6.");
    EXPECT_EQ(detail_of("\"abc"), "The document ended unexpectedly, at byte 5.");
}

TEST(Jsonb, sorts_and_overwrites_among_many_members) {
    // More members than one sort takes; every key twice, the second wins.
    std::string text = "{";
    std::string sorted = "{";
    for (int round = 0; round < 2; ++round) {
        for (int n = 99; n >= 10; --n) {
            text +=
                "\"some long key " + std::to_string(n) + "\":" + std::to_string(n + round) + ",";
        }
    }
    for (int n = 10; n <= 99; ++n) {
        sorted += "\"some long key " + std::to_string(n) + "\":" + std::to_string(n + 1) + ",";
    }
    text.back() = '}';
    sorted.back() = '}';
    DataArea area;
    const std::uint32_t offset = append_jsonb(area, text).take();
    DataArea expected;
    const std::uint32_t wanted = append_jsonb(expected, sorted).take();
    EXPECT_EQ(long_content_at(area, offset), long_content_at(expected, wanted));
}

TEST(Jsonb, takes_strings_that_end_at_any_place_of_a_step) {
    for (std::size_t size = 0; size < 100; ++size) {
        for (const char* end : {"", "\\n", "\\u00e4", "\\ud83d\\ude00"}) {
            const std::string text = "[\"" + std::string(size, 'x') + end + "\", \"y\"]";
            DataArea area;
            const std::uint32_t offset = append_jsonb(area, text).take();
            EXPECT_EQ(check_at(area, offset, TypeId::kJsonb), DatumFault::kOk) << text;
        }
    }
}

TEST(Jsonb, refuses_lone_surrogates) {
    for (const char* text : {R"("\ud800")", R"("\udc00")", R"("\ud800\ud800")", R"("\ud83dx")",
                             R"({"\udc00":1})", R"("\ude00\ud83d")"}) {
        DataArea area;
        const auto result = append_jsonb(area, text);
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_STREQ(sqlstate_of(result.error()), "22P02") << text;
    }
}

TEST(Jsonb, refuses_nul_characters_as_the_server_does) {
    for (const char* text :
         {R"("\u0000")", R"("a\u0000b")", R"({"\u0000":1})", R"([["\u0000"]])"}) {
        DataArea area;
        const auto result = append_jsonb(area, text);
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_STREQ(sqlstate_of(result.error()), "22P05") << text;
    }
    DataArea area;
    EXPECT_TRUE(append_jsonb(area, R"("\\u0000")").ok()) << "an escaped backslash is no escape";
}

TEST(Jsonb, refuses_raw_nul_bytes) {
    for (const std::string_view text :
         {std::string_view("\"a\0b\"", 5), std::string_view("1\0", 2), std::string_view("\0", 1),
          std::string_view("[1,\0]", 5), std::string_view("[true\0]", 7)}) {
        DataArea area;
        const auto result = append_jsonb(area, text);
        ASSERT_FALSE(result.ok());
        EXPECT_STREQ(sqlstate_of(result.error()), "22P02");
    }
}

TEST(Jsonb, refuses_a_number_that_overflows_numeric) {
    DataArea area;
    append_text(area, "before");
    const auto result = append_jsonb(area, R"({"a":[1,1e131072,"x"]})");
    ASSERT_FALSE(result.ok());
    EXPECT_STREQ(sqlstate_of(result.error()), "22003");
    EXPECT_EQ(area.size(), 7U) << "nothing of the document may stay behind";
}

TEST(Jsonb, takes_documents_up_to_the_depth_limit) {
    DataArea area;
    const std::uint32_t offset = append_jsonb(area, nested(1000)).take();
    EXPECT_EQ(check_at(area, offset, TypeId::kJsonb), DatumFault::kOk);
    for (const std::size_t depth : {1001U, 1100U, 100'000U}) {
        const auto result = append_jsonb(area, nested(depth));
        ASSERT_FALSE(result.ok());
        EXPECT_STREQ(sqlstate_of(result.error()), "54000");
    }
}

TEST(Jsonb, refuses_documents_over_the_size_limit) {
    DataArea area;
    const std::string text = '"' + std::string(32U << 20U, 'x') + '"';
    const auto result = append_jsonb(area, text);
    ASSERT_FALSE(result.ok());
    EXPECT_STREQ(sqlstate_of(result.error()), "54000");
}

TEST(Jsonb, takes_a_large_document_and_small_ones_after_it) {
    DataArea area;
    const std::string large = '"' + std::string(8U << 20U, 'x') + '"';
    const std::uint32_t first = append_jsonb(area, large).take();
    EXPECT_EQ(check_at(area, first, TypeId::kJsonb), DatumFault::kOk);
    const std::uint32_t second = append_jsonb(area, "[1]").take();
    EXPECT_EQ(check_at(area, second, TypeId::kJsonb), DatumFault::kOk);
}

TEST(Jsonb, works_again_after_a_malformed_document) {
    DataArea area;
    EXPECT_FALSE(append_jsonb(area, R"({"a":[1,{"b":)").ok());
    const std::uint32_t offset = append_jsonb(area, R"({"a":1})").take();
    EXPECT_EQ(check_at(area, offset, TypeId::kJsonb), DatumFault::kOk);
    EXPECT_EQ(area.size(), long_content_at(area, offset).size() + 4);
}

} // namespace
} // namespace penstock
