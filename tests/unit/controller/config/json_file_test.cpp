#include "config/json_file.hpp"
#include "unit/controller/config/dump.hpp"

#include <gtest/gtest.h>

namespace penstock::config {
namespace {

struct Case {
    const char* text;
    const char* expected;
};

class GoodJson : public testing::TestWithParam<Case> {};

TEST_P(GoodJson, reads_as) {
    EXPECT_EQ(dump(parse_json(GetParam().text, "a.json")), GetParam().expected) << GetParam().text;
}

constexpr Case kGood[] = {
    {"", ""},
    {" \n\t", ""},
    {"{}", ""},
    {"\xEF\xBB\xBF{}", ""},
    {R"({"connection": {"a": {"plugin": "csv", "n": 1, "x": -2.5, "b": true, "z": null}}})",
     "connection a(plugin='csv';n=1;x=~-2.5;b=true;z=null;)"},
    {R"({"connection": {"a": {"l": [1, "two", {"k": []}]}, "b": {}}})",
     "connection a(l=[1,'two',{k:[]}];)connection b()"},
    {R"({"connection": [{"a": {"x": 1}}, {"b": {"x": 2}}]})",
     "connection a(x=1;)connection b(x=2;)"},
    {R"({"connection": {"a": [{"x": 1}, {"x": 2}]}})", "connection a(x=1;)connection a(x=2;)"},
    {R"({"connection": []})", ""},
    {R"({"plugin": {"p": {"source": "csv"}}, "options": {"database": {"search_path": "a,b"}}})",
     "plugin p(source='csv';)options database(search_path='a,b';)"},
    {R"({"//": "comment", "connection": {"//": 1, "a": {"//": [], "//": 2, "x": 1}}})",
     "connection a(x=1;)"},
    {R"({"connection": {"a": {"t": "${env(\"TOKEN\")}", "f": "${file(\"/p q\")}", "plugin": "${plugin.x-1}"}}})",
     "connection a(t=env:TOKEN;f=file:/p q;plugin=@plugin.x-1;)"},
    {R"({"connection": {"a": {"t": ["${env(\"T\")}", {"k": "${env(\"U\")}"}]}}})",
     "connection a(t=[env:T,{k:env:U}];)"},
    {R"({"connection": {"a": {"t": "$${x} %%{y} $5 100%"}}})",
     "connection a(t='${x} %{y} $5 100%';)"},
    {R"({"connection": {"a": {"t": "\u00e9\ud83d\ude00\n"}}})",
     "connection a(t='\u00e9\U0001F600\n';)"},
    {"{\"connection\": {\"a\": {\"n\": 9223372036854775807}}}",
     "connection a(n=9223372036854775807;)"},
};

INSTANTIATE_TEST_SUITE_P(Table, GoodJson, testing::ValuesIn(kGood));

class BadJson : public testing::TestWithParam<Case> {};

TEST_P(BadJson, says_where_and_why) {
    EXPECT_EQ(dump(parse_json(GetParam().text, "a.json")), GetParam().expected) << GetParam().text;
}

constexpr Case kBad[] = {
    {"[]", "1:1: the file must hold one JSON object"},
    {"1", "1:1: the file must hold one JSON object"},
    {"{", "1:1: invalid JSON: unexpected end of input; expected string literal"},
    {"{\n  \"connection\": {,}\n}", "2:18: invalid JSON: unexpected ','; expected string literal"},
    {"{\"connection\": {}} x", "1:20: invalid JSON: invalid literal; expected end of input"},
    {"{\"connection\": {\"a\": {\"x\": 01}}}",
     "1:29: invalid JSON: unexpected number literal; expected '}'"},
    {"{\"connection\": {\"a\": {\"x\": \"\n\"}}}",
     "1:29: invalid JSON: invalid string: control character U+000A (LF) must be escaped to \\u000A "
     "or \\n"},
    {"{\"connection\": {\"a\": {},\n \"a\": {}}}", "2:2: key \"a\" is given twice"},
    {"{\"connection\": {\"a\": {\"x\": 1, \"x\": 2}}}", "1:31: key \"x\" is given twice"},
    {"{\"connection\": {\"a\\\\\\\"b\": 1,\n   \"a\\\\\\\"b\": 2}}",
     "2:4: key \"a\\\"b\" is given twice"},
    {"{\"connections\": {}}", "1:2: unknown block \"connections\""},
    {"{\n\n   \"workspace\": {}}", "3:4: unknown block \"workspace\""},
    {"{\"connection\": 1}", "1:2: \"connection\" must be an object"},
    {"{\"connection\": {\"a\": \"csv\"}}", "1:17: \"connection\" must be an object"},
    {"{\"connection\": {\"a\": {\"n\": 9223372036854775808}}}",
     "1:47: number \"9223372036854775808\" is out of range"},
    {"{\"connection\": {\"a\": {\"n\": 99999999999999999999}}}",
     "1:48: number \"99999999999999999999\" is out of range"},
    {"{\"connection\": {\"a\": {\"t\": \"x${y}\"}}}",
     "1:34: template interpolation is not supported"},
    {"{\"connection\": {\"a\": {\"t\": \"${lower(1)}\"}}}",
     "1:40: template interpolation is not supported"},
    {"{\"connection\": {\"a\": {\"t\": \"\\u0000\"}}}",
     "1:35: a string contains the NUL character"},
    {"{\"connection\": {\"a\": {\"t\": \"\\ud800\"}}}",
     "1:35: invalid JSON: invalid string: surrogate U+D800..U+DBFF must be followed by "
     "U+DC00..U+DFFF"},
    {"{\"a\": \"\xff\"}", "1:8: invalid UTF-8: byte 0xff"},
};

INSTANTIATE_TEST_SUITE_P(Table, BadJson, testing::ValuesIn(kBad));

TEST(JsonFile, refuses_hostile_nesting) {
    const std::string text =
        dump(parse_json("{\"connection\": " + std::string(200'000, '['), "a.json"));
    EXPECT_EQ(text, "1:79: nested deeper than 64 levels");
}

TEST(JsonFile, refuses_a_number_that_is_no_double) {
    EXPECT_EQ(dump(parse_json(R"({"connection": {"a": {"n": 1e999}}})", "a.json")),
              "1:32: invalid JSON: number overflow parsing '1e999'");
}

TEST(JsonFile, knows_where_a_connection_starts_and_ends) {
    const auto document = std::get<Document>(
        parse_json("{\"connection\": {\n  \"a\": {\n    \"x\": 12\n  },\n  \"b\": {}}}", "a.json"));
    EXPECT_EQ(document.blocks.at(0).start.line, 2);
    EXPECT_EQ(document.blocks.at(0).start.column, 3);
    EXPECT_EQ(document.blocks.at(0).end_line, 4);
    EXPECT_EQ(document.blocks.at(0).attributes.at(0).start.line, 3);
    EXPECT_EQ(document.blocks.at(1).start.line, 5);
}

TEST(JsonFile, lists_the_valid_blocks) {
    const auto error = std::get<ConfigError>(parse_json("{\"limiter\": {}}", "a.json"));
    EXPECT_EQ(error.error.hint, "The valid ones are: connection, plugin, options.");
}

} // namespace
} // namespace penstock::config
