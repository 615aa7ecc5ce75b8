#include "query/splitter.hpp"

#include "penstock/types/error.hpp"

#include <gtest/gtest.h>

namespace penstock::query {
namespace {

std::vector<std::string> texts(std::string_view script) {
    std::vector<std::string> found;
    for (const Statement& statement : split_statements(script)) {
        found.push_back(statement.text);
    }
    return found;
}

using Texts = std::vector<std::string>;

TEST(Splitter, needs_no_semicolon_at_the_end) {
    EXPECT_EQ(texts("select 1; select 2"), (Texts{"select 1", "select 2"}));
}

TEST(Splitter, leaves_semicolons_in_quotes_alone) {
    EXPECT_EQ(texts("select 'a;b', \"c;d\", $x$e;f$x$;select 2"),
              (Texts{"select 'a;b', \"c;d\", $x$e;f$x$", "select 2"}));
}

TEST(Splitter, leaves_semicolons_in_comments_and_parentheses_alone) {
    EXPECT_EQ(
        texts("select /* ; */ 1 -- ;\n, 2; create rule r as on insert to t do (a; b);").size(), 2U);
}

TEST(Splitter, keeps_the_body_of_an_sql_function_together) {
    EXPECT_EQ(texts("create function f() returns int begin atomic select 1; select 2; end; "
                    "select f()")
                  .size(),
              2U);
}

TEST(Splitter, leaves_out_empty_statements) {
    EXPECT_EQ(texts(";; \n ; -- only a comment\n"), Texts{});
    EXPECT_EQ(texts(""), Texts{});
    EXPECT_EQ(texts("/* a; /* b */ */ ; -- c\n; /* d */"), Texts{});
}

TEST(Splitter, knows_the_line_that_a_statement_begins_on) {
    const std::vector<Statement> statements =
        split_statements("-- select 1;\nselect 1;\n\nselect\n  2; select 3;\nselect 4");
    ASSERT_EQ(statements.size(), 4U);
    EXPECT_EQ(statements[0].line, 2);
    EXPECT_EQ(statements[1].line, 4);
    EXPECT_EQ(statements[1].text, "select\n  2");
    EXPECT_EQ(statements[2].line, 5);
    EXPECT_EQ(statements[3].line, 6);
}

TEST(Splitter, leaves_an_open_quote_to_the_server) {
    EXPECT_EQ(texts("select 'abc;\ndef"), Texts{"select 'abc;\ndef"});
}

/// It swallows the statements that follow: the user must hear of it.
TEST(Splitter, leaves_an_open_comment_to_the_server) {
    EXPECT_EQ(texts("select 1; /* oops\nselect 2;"), (Texts{"select 1", "/* oops\nselect 2;"}));
    EXPECT_EQ(texts("/* a /* b */"), Texts{"/* a /* b */"});
}

TEST(Splitter, ends_a_comment_at_a_carriage_return_as_the_server_does) {
    EXPECT_EQ(texts("/* a */ -- b\rselect 1"), Texts{"/* a */ -- b\rselect 1"});
    EXPECT_EQ(texts("select 1;\r\n-- b\r\nselect 2;\r\n").size(), 2U);
}

TEST(Splitter, leaves_colons_alone) {
    EXPECT_EQ(texts("select a::int, :b"), Texts{"select a::int, :b"});
}

TEST(Splitter, refuses_a_backslash_command_with_its_line) {
    try {
        (void)split_statements("select 1;\n\\d t");
        FAIL() << "a command of psql was accepted";
    } catch (const Exception& exception) {
        EXPECT_NE(exception.error().message.find("line 2"), std::string::npos);
        EXPECT_NE(exception.error().hint.find("psql"), std::string::npos);
    }
}

TEST(Splitter, refuses_a_nul_byte) {
    EXPECT_THROW((void)split_statements(std::string_view("select 1\0", 9)), Exception);
}

} // namespace
} // namespace penstock::query
