#include "core/qualified_name.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock::core {
namespace {

std::vector<std::string> parts(const std::string& text) {
    const QualifiedName name = read_qualified_name(text);
    std::vector<std::string> result;
    for (std::size_t part = 0; part < name.count; ++part) {
        result.emplace_back(name.parts[part]);
    }
    return result;
}

using Parts = std::vector<std::string>;

TEST(QualifiedName, is_read_from_the_middle_of_a_statement) {
    EXPECT_EQ(parts("s.t where x = 1"), (Parts{"s", "t"}));
    EXPECT_EQ(parts("S.Table_1$, other"), (Parts{"s", "table_1$"}));
    EXPECT_EQ(parts("db.s.t"), (Parts{"db", "s", "t"}));
    EXPECT_EQ(parts("t"), (Parts{"t"}));
}

TEST(QualifiedName, keeps_what_is_quoted) {
    EXPECT_EQ(parts(R"("My S"."a""b")"), (Parts{"My S", "a\"b"}));
    EXPECT_EQ(parts("\"a.b\".c"), (Parts{"a.b", "c"}));
    EXPECT_EQ(parts("größe.maß"), (Parts{"größe", "maß"}));
}

TEST(QualifiedName, may_have_spaces_and_comments_between_its_parts) {
    EXPECT_EQ(parts("s /* a /* b */ c */ . -- d\n t"), (Parts{"s", "t"}));
    EXPECT_EQ(parts("s . /* never closed"), Parts{});
}

TEST(QualifiedName, is_found_in_a_string_literal) {
    EXPECT_EQ(parts("'s.t'::regclass"), (Parts{"s", "t"}));
    EXPECT_EQ(parts("'\"S\".t')"), (Parts{"S", "t"}));
    EXPECT_EQ(parts("'it''s.t'"), Parts{});
    EXPECT_EQ(parts("'s.t"), Parts{});
}

TEST(QualifiedName, is_not_known_when_written_in_another_way) {
    EXPECT_EQ(parts("U&\"s\".t"), Parts{});
    EXPECT_EQ(parts("s.\"\""), Parts{});
    EXPECT_EQ(parts("s."), Parts{});
    EXPECT_EQ(parts("a.b.c.d"), Parts{});
    EXPECT_EQ(parts(""), Parts{});
    EXPECT_EQ(parts("1s.t"), Parts{});
    EXPECT_EQ(parts("\"never closed"), Parts{});
}

TEST(QualifiedName, is_cut_to_63_bytes_between_characters) {
    EXPECT_EQ(parts(std::string(70, 'a')), Parts{std::string(63, 'a')});
    EXPECT_EQ(parts("\"" + std::string(63, 'b') + "\".c"), (Parts{std::string(63, 'b'), "c"}));
    // The 63rd and 64th byte are one character: the server drops it whole.
    EXPECT_EQ(parts(std::string(62, 'a') + "ü" + "b"), Parts{std::string(62, 'a')});
    EXPECT_EQ(parts(std::string(61, 'a') + "ü" + "b"), Parts{std::string(61, 'a') + "ü"});
}

} // namespace
} // namespace penstock::core
