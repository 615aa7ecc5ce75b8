#include "query/names.hpp"

#include "query/near_names.hpp"

#include <gtest/gtest.h>

namespace penstock::query {
namespace {

using Names = std::vector<std::string>;

std::string joined(const Name& name) {
    std::string text;
    for (const std::string& part : name.parts) {
        text += (text.empty() ? "" : "|") + part;
    }
    return text;
}

Names joined(const std::vector<Name>& names) {
    Names texts;
    for (const Name& name : names) {
        texts.push_back(joined(name));
    }
    return texts;
}

TEST(NamesIn, are_folded_unless_quoted) {
    EXPECT_EQ(joined(names_in("FROM Aws.Bucket, \"Aws\".\"a \"\"b\"\".c\"")),
              (Names{"from", "aws|bucket", "Aws|a \"b\".c"}));
}

TEST(NamesIn, may_have_blanks_and_comments_around_their_dots) {
    EXPECT_EQ(joined(names_in("aws /* a /* nested */ one */ . -- and\n bucket.x")),
              Names{"aws|bucket|x"});
}

TEST(NamesIn, are_not_in_comments_constants_and_numbers) {
    EXPECT_EQ(
        joined(names_in("select 'a.b', e'c\\'d.e', $$f.g$$, $x$h.$$i$x$, 1.5e3, $1 -- j.k\n")),
        Names{"select"});
}

TEST(NamesIn, go_on_behind_what_is_not_closed) {
    EXPECT_EQ(joined(names_in("a 'b")), Names{"a"});
    EXPECT_EQ(joined(names_in("a /* b")), Names{"a"});
    EXPECT_EQ(joined(names_in("a $x$ b")), Names{"a"});
    EXPECT_EQ(joined(names_in("a.")), Names{"a"});
    EXPECT_EQ(joined(names_in("")), Names{});
}

TEST(NamesIn, stand_at_characters_not_bytes) {
    const std::vector<Name> names = names_in("'äöü', ünïcödé.b");
    ASSERT_EQ(names.size(), 1U);
    EXPECT_EQ(joined(names[0]), "ünïcödé|b");
    EXPECT_EQ(names[0].position, 8U);
}

TEST(NamesIn, end_with_the_relation_and_have_the_schema_before_it) {
    const std::vector<Name> names = names_in("a, b.c, d.e.f");
    EXPECT_EQ(names[0].schema(), "");
    EXPECT_EQ(names[1].schema(), "b");
    EXPECT_EQ(names[2].schema(), "e");
    EXPECT_EQ(names[2].relation(), "f");
}

TEST(NameAt, is_what_the_server_points_at) {
    EXPECT_EQ(joined(*name_at("select 'ä' from aws.bucket where", 17)), "aws|bucket");
    EXPECT_EQ(joined(*name_at("select 'Aws.\"Bucket\"'::regclass", 8)), "aws|Bucket");
}

TEST(NameAt, is_nothing_where_no_name_begins) {
    EXPECT_FALSE(name_at("select 1", 8).has_value());
    EXPECT_FALSE(name_at("select", 80).has_value());
    EXPECT_FALSE(name_at("select ''::regclass", 8).has_value());
}

TEST(NamesInConstants, are_what_a_function_may_look_up) {
    EXPECT_EQ(joined(names_in_constants("select nextval('aws.n'), $$b$$, '', '1', a.b")),
              (Names{"aws|n", "b"}));
}

TEST(NearNames, are_those_that_differ_little) {
    const Names known{"aws", "aws_prod", "azure", "gcp", "files"};
    EXPECT_EQ(near_names("asw", known), Names{"aws"});
    EXPECT_EQ(near_names("sqs", known), Names{});
    EXPECT_EQ(near_names("awz", known), Names{"aws"});
    EXPECT_EQ(near_names("aws_", known), (Names{"aws", "aws_prod"}));
    EXPECT_EQ(near_names("fiels", known), Names{"files"});
}

TEST(NearNames, are_a_hint_or_else_what_there_is) {
    EXPECT_EQ(near_names_hint("awz", {"aws", "gcp"}, "connections"), "Did you mean \"aws\"?");
    EXPECT_EQ(near_names_hint("xxxxx", {"aws", "gcp"}, "connections"),
              "The connections are: \"aws\", \"gcp\".");
    EXPECT_EQ(near_names_hint("x", {}, "connections"), "");
    const Names many(11, "long_name");
    EXPECT_EQ(near_names_hint("x", many, "schemas").rfind("The first schemas by name are: ", 0),
              0U);
}

} // namespace
} // namespace penstock::query
