#include "config/hcl.hpp"
#include "unit/controller/config/dump.hpp"

#include <gtest/gtest.h>

namespace penstock::config {
namespace {

struct Case {
    const char* text;
    const char* expected;
};

class GoodHcl : public testing::TestWithParam<Case> {};

TEST_P(GoodHcl, reads_as) {
    EXPECT_EQ(dump(parse_hcl(GetParam().text, "a.spc")), GetParam().expected) << GetParam().text;
}

constexpr Case kGood[] = {
    {"", ""},
    {"\xEF\xBB\xBF", ""},
    {"\xEF\xBB\xBF# bom\na = 1", "a=1;"},
    {"a = 1\r\nb = 2\r\n", "a=1;b=2;"},
    {"# one\n// two\n/* three\n four */ a = 1 # five\nb = 2 // six", "a=1;b=2;"},
    {"a = /* here */ 1 /* there */", "a=1;"},
    {"/**/a=1", "a=1;"},
    {"a = -12\nb = 0\nc = 1.5\nd = 1e3\ne = -2.5E-1\nf = 007",
     "a=-12;b=0;c=~1.5;d=~1000;e=~-0.25;f=7;"},
    {"a = 9223372036854775807\nb = -9223372036854775808",
     "a=9223372036854775807;b=-9223372036854775808;"},
    {"a = true\nb = false\nc = null", "a=true;b=false;c=null;"},
    {R"(a = "x\ty\n\"q\" \\ \r")", "a='x\ty\n\"q\" \\ \r';"},
    {R"(a = "\u00e9 \U0001F600")", "a='\u00e9 \U0001F600';"},
    {R"(a = "$${x} %%{y} $ % 100% $$ $1")", "a='${x} %{y} $ % 100% $$ $1';"},
    {R"(a = "")", "a='';"},
    {"a = \"k\u00e4se\"", "a='k\u00e4se';"},
    {"a = []\nb = {}", "a=[];b={};"},
    {"a = [1, \"two\", [3], {four = 4}]", "a=[1,'two',[3],{four:4}];"},
    {"a = [\n 1, # one\n 2 // two\n , /* x */ 3,\n]", "a=[1,2,3];"},
    {"a = { b = 1, \"c d\": 2 }", "a={b:1,c d:2};"},
    {"a = {\n b = 1\n\n c = 2,\n # x\n d = 3 # y\n}", "a={b:1,c:2,d:3};"},
    {"a = { b = [1,2,], c = { d = null } }", "a={b:[1,2],c:{d:null}};"},
    {"a = <<END\nline 1\n  line 2\nEND\nb = 1", "a='line 1\n  line 2\n';b=1;"},
    {"a = <<-END\n    line 1\n      line 2\n\n    END\nb = 1", "a='line 1\n  line 2\n\n';b=1;"},
    {"a = <<END\nEND", "a='';"},
    {"a = <<END\r\nx\r\nEND\r\n", "a='x\n';"},
    {"a = <<END\n$${x} \\n \"q\" ENDING\nEND", "a='${x} \\n \"q\" ENDING\n';"},
    {"a = [<<X\none\nX\n, \"b\"]", "a=['one\n','b'];"},
    {"plugin = plugin.aws", "plugin=@plugin.aws;"},
    {"a = x.y-z.q", "a=@x.y-z.q;"},
    {"a = env(\"X\")\nb = file( \"/p/q\" )", "a=env:X;b=file:/p/q;"},
    {"a = [env(\"X\"), {k = file(\"y\")}]", "a=[env:X,{k:file:y}];"},
    {"b {}", "b()"},
    {"b {\n}", "b()"},
    {"b { a = 1 }", "b(a=1;)"},
    {"b \"x\" y \"z\\\"\" {\n}", "b x y z\"()"},
    {"connection \"a\" {\n  plugin = \"csv\"\n  paths = [\"x\"]\n}\n",
     "connection a(plugin='csv';paths=['x'];)"},
    {"b \"x\" { # c\n a = 1\n c \"d\" {\n e = 2\n }\n}", "b x(a=1;c d(e=2;))"},
    {"a_b-c = 1\n\u00e9t\u00e9 = 2\n_x = 3", "a_b-c=1;\u00e9t\u00e9=2;_x=3;"},
    {"trueish = \"x\"\nnull = 1", "trueish='x';null=1;"},
    {"a = { true = 1, null = 2 }", "a={true:1,null:2};"},
};

INSTANTIATE_TEST_SUITE_P(Table, GoodHcl, testing::ValuesIn(kGood));

class BadHcl : public testing::TestWithParam<Case> {};

TEST_P(BadHcl, says_where_and_why) {
    EXPECT_EQ(dump(parse_hcl(GetParam().text, "a.spc")), GetParam().expected) << GetParam().text;
}

constexpr Case kBad[] = {
    // lists and objects
    {"a = [\n  1,\n  2\nb = 3", "4:1: expected ',' or ']' in the list"},
    {"a = [1 2]", "1:8: expected ',' or ']' in the list"},
    {"a = [,]", "1:6: expected ',' or ']' in the list"},
    {"a = [", "1:6: expected ',' or ']' in the list"},
    {"a = [1,,2]", "1:8: expected ',' or ']' in the list"},
    {"a = {b = 1 c = 2}", "1:12: expected ',', a new line or '}' in the object"},
    {"a = {b 1}", "1:8: expected '=' or ':' after the key"},
    {"a = {b = }", "1:10: expected a value"},
    {"a = {b = 1", "1:11: expected ',', a new line or '}' in the object"},
    {"a = {1 = 2}", "1:6: expected ',', a new line or '}' in the object"},
    {"a = {b = 1, b = 2}", "1:13: key \"b\" is given twice"},
    {"a = {b = 1\n \"b\" = 2}", "2:2: key \"b\" is given twice"},
    // strings
    {"a = 1\nb = \"open\nc = 2", "2:10: unterminated string"},
    {"a = \"open", "1:10: unterminated string"},
    {"a = \"", "1:6: unterminated string"},
    {"a = \"x\r\ny\"", "1:7: unterminated string"},
    {"a = \"k\u00e4se", "1:10: unterminated string"},
    {R"(a = "\q")", "1:7: invalid escape sequence"},
    {R"(a = "\u12")", "1:7: invalid escape sequence"},
    {R"(a = "\U0001F60")", "1:7: invalid escape sequence"},
    {R"(a = "\ud800")", "1:7: \"\\ud800\" is not a character"},
    {R"(a = "\u0000")", "1:7: \"\\u0000\" is not a character"},
    {R"(a = "\UFFFFFFFF")", "1:7: \"\\UFFFFFFFF\" is not a character"},
    {R"(a = "x${y}")", "1:7: template interpolation is not supported"},
    {R"(a = "%{if x}")", "1:6: template interpolation is not supported"},
    {R"(connection "${x}" {})", "1:13: template interpolation is not supported"},
    // heredocs
    {"a = <<\nx\n", "1:7: expected a name after \"<<\""},
    {"a = <<END x\nEND", "1:10: expected end of line after the heredoc's name"},
    {"a = <<END\nx\n", "2:1: heredoc is not closed"},
    {"a = <<END\nok\n  ${x}\nEND", "3:3: template interpolation is not supported"},
    {"a = <<-END\n  ok\n  %{x}\nEND", "3:3: template interpolation is not supported"},
    {"a = <<END\nEND b = 1", "2:1: heredoc is not closed"},
    // numbers
    {"a = 12abc", "1:7: invalid number"},
    {"a = 1.", "1:6: invalid number"},
    {"a = 1.2.3", "1:8: invalid number"},
    {"a = 1e", "1:6: invalid number"},
    {"a = 0x10", "1:6: invalid number"},
    {"a = 9223372036854775808", "1:5: number \"9223372036854775808\" is out of range"},
    {"a = 1e999", "1:5: number \"1e999\" is out of range"},
    {"a = -", "1:5: expected a value"},
    {"a = .5", "1:5: expected a value"},
    // words, references and calls
    {"a = csv", "1:5: \"csv\" is not a value"},
    {"a = [yes]", "1:6: \"yes\" is not a value"},
    {"a = plugin.", "1:12: expected a name after '.'"},
    {"a = plugin.1", "1:12: expected a name after '.'"},
    {"a = plugin.\"x\"", "1:12: expected a name after '.'"},
    {"a = lower(\"X\")", "1:5: unknown function \"lower\""},
    {"a = env(X)", "1:9: expected a text in quotes"},
    {"a = env()", "1:9: expected a text in quotes"},
    {"a = env(\"\")", "1:9: the argument of env() is empty"},
    {"a = env(\"X\", \"y\")", "1:12: expected ')'"},
    {"a = env(\"X\"", "1:12: expected ')'"},
    // arguments
    {"a = ", "1:5: expected a value"},
    {"a =\n1", "1:4: expected a value"},
    {"a = = 1", "1:5: expected a value"},
    {"a == 1", "1:3: expected '=' or '{' after \"a\""},
    {"a = 1 b = 2", "1:7: expected end of line"},
    {"a = 1 + 2", "1:7: expected end of line"},
    {"a = \"x\" \"y\"", "1:9: expected end of line"},
    {"a = x.y[0]", "1:8: expected end of line"},
    {"a = 1; b = 2", "1:6: expected end of line"},
    {"a = 1\na = 2", "2:1: argument \"a\" is given twice"},
    {"b {\n a = 1\n\n a = 2\n}", "4:2: argument \"a\" is given twice"},
    {"a : 1", "1:3: expected '=' or '{' after \"a\""},
    {"a", "1:2: expected '=' or '{' after \"a\""},
    // blocks
    {"b \"x\"", "1:6: expected '{'"},
    {"b \"x\" = 1", "1:7: expected '{'"},
    {"b \"x\"\n{\n}", "1:6: expected '{'"},
    {"b {\n a = 1\n", "3:1: expected an argument, a block or '}'"},
    {"b {\n ]\n}", "2:2: expected an argument, a block or '}'"},
    {"b { a = 1, c = 2 }", "1:10: expected '}'"},
    {"b { a = 1\n}", "1:10: expected '}'"},
    {"b { c { } }", "1:7: expected '='"},
    {"b {} c {}", "1:6: expected end of line after '}'"},
    {"}", "1:1: expected a block"},
    {"= 1", "1:1: expected a block"},
    {"\"a\" = 1", "1:1: expected a block"},
    {"1a = 1", "1:1: expected a block"},
    {"a = 1\n@", "2:1: expected a block"},
    // comments and bytes
    {"a = 1\n /* open", "2:2: comment is not closed"},
    {"a = 1 /* open\n\n", "1:7: comment is not closed"},
    {"a = 1 / comment", "1:7: expected end of line"},
    {"a = 1\nb = \"\xff\"", "2:6: invalid UTF-8: byte 0xff"},
    {"a = \"\xc3\xa4\xed\xa0\x80\"", "1:7: invalid UTF-8: byte 0xed"},
};

INSTANTIATE_TEST_SUITE_P(Table, BadHcl, testing::ValuesIn(kBad));

ConfigError error_of(std::string_view text) {
    return std::get<ConfigError>(parse_hcl(text, "folder/a.spc"));
}

TEST(Hcl, refuses_a_nul_byte) {
    EXPECT_EQ(error_of(std::string_view("a = 1\0", 6)).error.message, "invalid UTF-8: byte 0x00");
}

TEST(Hcl, says_where_the_open_block_starts) {
    const ConfigError error = error_of("\nconnection \"a\" {\n  x = 1\n");
    EXPECT_EQ(error.error.detail, "The block \"connection\" starts in line 2.");
    EXPECT_EQ(error.position.to_text(), "a.spc:4:1");
}

TEST(Hcl, says_where_the_open_list_starts) {
    EXPECT_EQ(error_of("a = [\n1\nb = 2").error.detail, "The list starts in line 1.");
    EXPECT_EQ(error_of("a = [{\nb = 2 c").error.detail, "The object starts in line 1.");
}

TEST(Hcl, names_the_functions_there_are) {
    EXPECT_EQ(error_of("a = lower(\"X\")").error.hint,
              "The functions are env(\"NAME\") and file(\"path\").");
}

TEST(Hcl, tells_that_operators_are_not_supported) {
    EXPECT_EQ(error_of("a = 1 * 2").error.hint,
              "Operators are not supported: write the value itself.");
    EXPECT_NE(error_of("a = 1 b = 2").error.hint, error_of("a = 1 * 2").error.hint);
}

TEST(Hcl, counts_columns_in_characters) {
    EXPECT_EQ(error_of("a = \"\u00e9\u00e9\u00e9\" x").position.column, 11);
    EXPECT_EQ(error_of("\xEF\xBB\xBFx").position.column, 2);
}

TEST(Hcl, knows_where_blocks_and_arguments_stand) {
    const auto document =
        std::get<Document>(parse_hcl("\n  b \"x\" {\n    a = <<E\nt\nE\n  }\n", "a.spc"));
    const Block& block = document.blocks.at(0);
    EXPECT_EQ(block.start.line, 2);
    EXPECT_EQ(block.start.column, 3);
    EXPECT_EQ(block.end_line, 6);
    EXPECT_EQ(block.attributes.at(0).start.line, 3);
    EXPECT_EQ(block.attributes.at(0).start.column, 5);
}

std::string nested(int depth) {
    return "a = " + std::string(depth, '[') + std::string(depth, ']');
}

TEST(Hcl, takes_lists_as_deep_as_the_limit) {
    EXPECT_TRUE(std::holds_alternative<Document>(parse_hcl(nested(kMaxNesting), "a.spc")));
    EXPECT_EQ(error_of(nested(kMaxNesting + 1)).error.message, "nested deeper than 64 levels");
}

TEST(Hcl, refuses_hostile_nesting_without_exhausting_the_stack) {
    EXPECT_EQ(error_of("a = " + std::string(200'000, '[')).error.message,
              "nested deeper than 64 levels");
    std::string blocks;
    for (int depth = 0; depth < 100'000; ++depth) {
        blocks += "b {\n";
    }
    EXPECT_EQ(error_of(blocks).error.message, "nested deeper than 64 levels");
}

TEST(Hcl, reads_a_megabyte_of_one_line) {
    std::string text = "a = [";
    while (text.size() < 1'000'000) {
        text += "\"\u00e9\", ";
    }
    EXPECT_TRUE(std::holds_alternative<Document>(parse_hcl(text + "]", "a.spc")));
}

} // namespace
} // namespace penstock::config
