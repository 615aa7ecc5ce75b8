#include "config/block_types.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace penstock::config {
namespace {

std::string connection_error(std::string_view name) {
    std::string hint;
    return check_connection_name(name, hint);
}

TEST(ConnectionName, takes_what_postgresql_takes) {
    for (const char* name :
         {"a", "_", "aws_prod", "Aws", "select", "my conn", "a.b", "a'b", "a\"b", "a-b", "\\",
          "k\u00e4se", "\U0001F600", "Public", "PG_x", "penstock_2", "1a"}) {
        EXPECT_EQ(connection_error(name), "") << name;
    }
    EXPECT_EQ(connection_error(std::string(63, 'x')), "");
}

TEST(ConnectionName, refuses_what_would_be_cut) {
    EXPECT_EQ(connection_error(std::string(64, 'x')),
              "connection name \"" + std::string(64, 'x') + "\" is 64 bytes long, more than 63");
    std::string accents;
    for (int count = 0; count < 32; ++count) {
        accents += "\u00e9";
    }
    EXPECT_NE(connection_error(accents).find("64 bytes"), std::string::npos);
    std::string hint;
    (void)check_connection_name(accents, hint);
    EXPECT_NE(hint.find("PostgreSQL would cut it"), std::string::npos);
}

TEST(ConnectionName, refuses_reserved_names) {
    for (const char* name :
         {"pg_", "pg_x", "pg_catalog", "pg_toast", "information_schema", "public", "penstock"}) {
        EXPECT_EQ(connection_error(name),
                  "connection name \"" + std::string(name) + "\" is reserved");
    }
}

TEST(ConnectionName, refuses_empty_broken_and_control_characters) {
    EXPECT_EQ(connection_error(""), "connection name is empty");
    EXPECT_EQ(connection_error("a\xff"), "connection name is not valid UTF-8");
    EXPECT_EQ(connection_error(std::string_view("a\0b", 3)), "connection name is not valid UTF-8");
    for (const char* name : {"a\nb", "\t", "a\r", "\x1b[0m", "a\x7f", "a\u0085"}) {
        EXPECT_EQ(connection_error(name), "connection name contains a control character") << name;
    }
}

/// Whatever the bytes, an accepted name can be a schema: valid, 1 to 63 bytes, no control
/// characters.
TEST(ConnectionName, accepts_only_safe_names_among_hostile_ones) {
    std::mt19937 random(1);
    const std::string_view pieces[] = {"a",
                                       "Z",
                                       "_",
                                       "pg_",
                                       "public",
                                       "\"",
                                       "'",
                                       ";",
                                       "--",
                                       "\\",
                                       "\n",
                                       "\r",
                                       std::string_view("\0", 1),
                                       "\t",
                                       "\x1b",
                                       "\u00e9",
                                       "\xff",
                                       "\xc3",
                                       "\xed\xa0\x80",
                                       "\U0001F600",
                                       "$1",
                                       "%s",
                                       "drop schema",
                                       "\u202e",
                                       "/",
                                       "..",
                                       "\u0085",
                                       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
    int accepted = 0;
    for (int round = 0; round < 2000; ++round) {
        std::string name;
        for (auto count = random() % 5; count > 0; --count) {
            name += pieces[random() % std::size(pieces)];
        }
        if (!connection_error(name).empty()) {
            continue;
        }
        ++accepted;
        ASSERT_GE(name.size(), 1U);
        ASSERT_LE(name.size(), 63U);
        ASSERT_FALSE(name.starts_with("pg_"));
        for (const char c : name) {
            ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != '\x7f');
        }
        ASSERT_EQ(name.find("\xff"), std::string::npos);
    }
    EXPECT_GT(accepted, 200);
    EXPECT_LT(accepted, 1800);
}

TEST(InstanceLabel, is_safe_in_a_path) {
    std::string hint;
    for (const char* label : {"csv", "Aws_2", "a-b"}) {
        EXPECT_EQ(check_instance_label(label, hint), "") << label;
    }
    for (const char* label :
         {"", "..", "a/b", "a.b", "-a", "_a", "1", "a b", "k\u00e4se", "pg_x", "a\n"}) {
        EXPECT_EQ(check_instance_label(label, hint),
                  "invalid plugin label \"" + std::string(label) + "\"");
    }
    EXPECT_NE(check_instance_label(std::string(64, 'a'), hint), "");
}

TEST(PluginName, is_the_name_of_an_executable) {
    std::string hint;
    for (const char* name : {"csv", "system", "a_1"}) {
        EXPECT_EQ(check_plugin_name(name, hint), "") << name;
    }
    for (const char* name :
         {"", "CSV", "turbot/aws", "aws@1.2", "../csv", "_x", "1a", "a-b", "a b"}) {
        EXPECT_EQ(check_plugin_name(name, hint),
                  "invalid plugin name \"" + std::string(name) + "\"");
        EXPECT_NE(hint.find("plugin folder"), std::string::npos);
    }
}

} // namespace
} // namespace penstock::config
