#include "config/keyed_hash.hpp"

#include <gtest/gtest.h>

namespace penstock::config {
namespace {

std::string bytes_up_to(int count) {
    std::string bytes;
    for (int byte = 0; byte < count; ++byte) {
        bytes.push_back(static_cast<char>(byte));
    }
    return bytes;
}

/// Source: the SipHash paper's test values (appendix A) and its reference vectors.
TEST(KeyedHash, gives_the_values_of_the_specification) {
    const std::string key = bytes_up_to(16);
    EXPECT_EQ(keyed_hash(key, ""), "726fdb47dd0e0e31");
    EXPECT_EQ(keyed_hash(key, bytes_up_to(1)), "74f839c593dc67fd");
    EXPECT_EQ(keyed_hash(key, bytes_up_to(15)), "a129ca6149be45e5");
}

TEST(KeyedHash, works_with_any_key) {
    EXPECT_EQ(keyed_hash("", "x").size(), 16U);
    EXPECT_NE(keyed_hash("a", "x"), keyed_hash("b", "x"));
    EXPECT_EQ(keyed_hash(bytes_up_to(16), "x"), keyed_hash(bytes_up_to(20), "x"));
}

} // namespace
} // namespace penstock::config
