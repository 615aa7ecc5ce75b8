#include "penstock/types/like.hpp"

#include <gtest/gtest.h>

#include <string>

namespace penstock {
namespace {

struct Case {
    const char* text;
    const char* pattern;
    bool is_match;
};

TEST(Like, matches_as_the_server_does) {
    const Case cases[] = {
        {"aws_1", "aws%", true},
        {"aws_1", "aws", false},
        {"aws", "aws", true},
        {"", "", true},
        {"", "%", true},
        {"", "_", false},
        {"abc", "a_c", true},
        {"abc", "a_", false},
        {"abc", "%b%", true},
        {"abcabd", "%ab_", true},
        {"aab", "%ab", true},
        {"aXbXc", "a%X%c", true},
        {"abc", "%%%c", true},
        {"abc", "c%", false},
        {"a%b", "a\\%b", true},
        {"axb", "a\\%b", false},
        {"a_b", "a\\_b", true},
        {"axb", "a\\_b", false},
        {"a\\b", "a\\\\b", true},
        {"ü", "_", true},
        {"üx", "_x", true},
        {"ü", "__", false},
        {"aüb", "a%b", true},
        {"ABC", "abc", false},
        {"\xF0\x9F\x90\x98z", "_z", true},
        {"abc", "%abcd", false},
    };
    for (const Case& each : cases) {
        EXPECT_EQ(is_like(each.text, each.pattern), each.is_match)
            << each.text << " like " << each.pattern;
    }
}

TEST(Like, leaves_patterns_that_the_server_refuses_to_the_server) {
    EXPECT_TRUE(is_like("a", "b\\"));
    EXPECT_TRUE(is_like("a", "\\"));
    EXPECT_TRUE(is_like("a", "b\\\\\\"));
    EXPECT_FALSE(is_like("a", "b\\\\"));
}

TEST(Like, takes_no_exponential_time) {
    const std::string text(5000, 'a');
    EXPECT_FALSE(is_like(text, "%a%a%a%a%a%a%a%a%a%b"));
}

} // namespace
} // namespace penstock
