#include "config/config_folder.hpp"
#include "config/hcl.hpp"
#include "config/merge.hpp"

#include <gtest/gtest.h>

namespace penstock::config {
namespace {

/// The configuration that one HCL text makes, or the error of the whole file.
struct Outcome {
    Configuration configuration;
    std::string file_error; ///< "line:column: message | hint"
};

std::string text_of(const ConfigError& error) {
    return std::to_string(error.position.line) + ":" + std::to_string(error.position.column) +
           ": " + error.error.message + (error.error.hint.empty() ? "" : " | " + error.error.hint);
}

Outcome read(const std::string& text) {
    const std::string path = "a.spc";
    ParseResult parsed = parse_hcl(text, path);
    if (const auto* error = std::get_if<ConfigError>(&parsed)) {
        return {{}, text_of(*error)};
    }
    std::variant<Declarations, ConfigError> declared =
        declare(std::get<Document>(std::move(parsed)), path);
    if (const auto* error = std::get_if<ConfigError>(&declared)) {
        return {{}, text_of(*error)};
    }
    const Contribution file{&path, &std::get<Declarations>(declared)};
    const Outside outside = {.env = [](const std::string&) { return std::nullopt; },
                             .file = [](const std::string&) { return std::string("x"); }};
    Merged merged =
        merge({&file, 1},
              {.outside = outside, .hash_key = "", .declared_before = {}, .database_before = {}});
    return {std::move(merged.configuration), ""};
}

struct Case {
    const char* text;
    const char* expected;
};

class BadFile : public testing::TestWithParam<Case> {};

TEST_P(BadFile, is_refused_as_a_whole) {
    EXPECT_EQ(read(GetParam().text).file_error, GetParam().expected) << GetParam().text;
}

constexpr Case kBadFiles[] = {
    {"workspace \"w\" {}",
     "1:1: unknown block \"workspace\" | The valid ones are: connection, plugin, options."},
    {"a = 1", "1:1: argument \"a\" stands outside of a block | The valid ones are: connection, "
              "plugin, options."},
    {"connection {}",
     "1:1: block \"connection\" needs exactly one name | Write connection \"name\" { … }."},
    {"connection \"a\" \"b\" {}",
     "1:1: block \"connection\" needs exactly one name | Write connection \"name\" { … }."},
    {"options \"general\" {}", "1:1: unknown options \"general\" | The valid ones are: database."},
    {"options \"database\" {\n  port = 1\n}",
     "2:3: unknown argument \"port\" in options \"database\" | The valid ones are: search_path, "
     "search_path_prefix, lazy_above_tables."},
    {"options \"database\" {\n  lazy_above_tables = -1\n}",
     "2:3: invalid value for \"lazy_above_tables\" in options \"database\" | It takes a whole "
     "number of tables from 0 to 10000000."},
    {"options \"database\" { search_path = 1 }",
     "1:22: invalid value for \"search_path\" in options \"database\" | It takes a list of names, "
     "or one text with "
     "commas between them."},
    {"options \"database\" { search_path = [\"a\", 1] }",
     "1:22: invalid value for \"search_path\" in options \"database\" | It takes a list of names, "
     "or one text with "
     "commas between them."},
    {"options \"database\" { search_path = \"a,,b\" }",
     "1:22: invalid value for \"search_path\" in options \"database\" | It takes a list of names, "
     "or one text with "
     "commas between them."},
    {"options \"database\" { search_path = env(\"X\") }",
     "1:36: \"search_path\" in options \"database\" must be written out | env(), file() and "
     "references are for "
     "connections."},
    {"plugin \"p\" { memory = 1 }", "1:14: unknown argument \"memory\" in plugin \"p\" | The valid "
                                    "ones are: source, cache_ttl, cache_max_mb, memory_max_mb, "
                                    "start_timeout, hang_timeout."},
    {"plugin \"p\" { cache_ttl = -1 }",
     "1:14: invalid value for \"cache_ttl\" in plugin \"p\" | It takes a whole number of seconds "
     "from 0 to 2592000."},
    {"plugin \"p\" { cache_max_mb = 0 }",
     "1:14: invalid value for \"cache_max_mb\" in plugin \"p\" | It takes a whole number of "
     "megabytes from 1 to 1048576."},
    {"plugin \"p\" { memory_max_mb = \"1\" }",
     "1:14: invalid value for \"memory_max_mb\" in plugin \"p\" | It takes a whole number of "
     "megabytes from 16 to "
     "1048576."},
    {"plugin \"p\" { memory_max_mb = 15 }",
     "1:14: invalid value for \"memory_max_mb\" in plugin \"p\" | It takes a whole number of "
     "megabytes from 16 to "
     "1048576."},
    {"plugin \"p\" { start_timeout = 0 }",
     "1:14: invalid value for \"start_timeout\" in plugin \"p\" | It takes a whole number of "
     "seconds from 1 to 3600."},
    {"plugin \"p\" { source = 1 }", "1:14: invalid value for \"source\" in plugin \"p\" | It takes "
                                    "the name of a plugin, such as \"csv\"."},
    {"plugin \"p\" { source = \"turbot/aws\" }",
     "1:14: invalid plugin name \"turbot/aws\" | Set \"source\". It is the name of an executable "
     "in the plugin folder: "
     "lower case letters, digits and \"_\", starting with a letter, such as \"csv\"."},
    {"plugin \"P\" {}",
     "1:1: invalid plugin name \"P\" | Set \"source\". It is the name of an executable in the "
     "plugin folder: "
     "lower case letters, digits and \"_\", starting with a letter, such as \"csv\"."},
    {"plugin \"../x\" {}", "1:1: invalid plugin label \"../x\" | It names a process and its "
                           "socket: 1 to 63 letters of ASCII, digits, \"_\" "
                           "and \"-\", starting with a letter."},
    {"plugin \"p\" {\n limiter \"l\" {}\n}", "2:2: block \"limiter\" is not allowed in plugin "
                                             "\"p\" | The valid ones are: source, cache_ttl, "
                                             "cache_max_mb, memory_max_mb, "
                                             "start_timeout, hang_timeout."},
};

INSTANTIATE_TEST_SUITE_P(Table, BadFile, testing::ValuesIn(kBadFiles));

class BadConnection : public testing::TestWithParam<Case> {};

TEST_P(BadConnection, is_an_error_of_its_own) {
    const Outcome outcome =
        read(std::string(GetParam().text) + "\nconnection \"good\" { plugin = \"csv\" }\n");
    ASSERT_EQ(outcome.file_error, "");
    ASSERT_EQ(outcome.configuration.connections.size(), 2U);
    for (const auto& [name, connection] : outcome.configuration.connections) {
        if (name == "good") {
            EXPECT_FALSE(connection.error);
        } else {
            ASSERT_TRUE(connection.error) << GetParam().text;
            EXPECT_EQ(text_of(*connection.error), GetParam().expected) << GetParam().text;
        }
    }
}

#define PLUGIN_NAME_HINT                                                                           \
    "It is the name of an executable in the plugin folder: lower case letters, digits and \"_\", " \
    "starting with a "                                                                             \
    "letter, such as \"csv\"."

constexpr Case kBadConnections[] = {
    {"connection \"c\" {}", "1:1: connection \"c\" does not say which plugin it is of | Add a line "
                            "such as: plugin = \"csv\"."},
    {"connection \"c\" { plugin = 1 }", "1:18: invalid value for \"plugin\" in connection \"c\" | "
                                        "It takes the name of a plugin in quotes, such as "
                                        "\"csv\", or plugin.label."},
    {"connection \"c\" { plugin = plugin.a.b }",
     "1:18: invalid value for \"plugin\" in connection \"c\" | It takes the name of a plugin in "
     "quotes, such as "
     "\"csv\", or plugin.label."},
    {"connection \"c\" { plugin = other.a }",
     "1:18: invalid value for \"plugin\" in connection \"c\" | It takes the name of a plugin in "
     "quotes, such as "
     "\"csv\", or plugin.label."},
    {"connection \"c\" { plugin = \"turbot/aws\" }",
     "1:18: invalid plugin name \"turbot/aws\" in connection \"c\" | " PLUGIN_NAME_HINT},
    {"connection \"c\" { plugin = plugin.nope }",
     "1:18: there is no block plugin \"nope\" | There is no plugin block at all; write the "
     "plugin's name in quotes to "
     "go without."},
    {"plugin \"csv\" {}\nconnection \"c\" { plugin = plugin.nope }",
     "2:18: there is no block plugin \"nope\" | The valid ones are: plugin.csv."},
    {"plugin \"a\" {\n source = \"json\"\n}\nplugin \"b\" {\n source = \"json\"\n}\n"
     "connection \"c\" { plugin = \"json\" }",
     "7:18: there are several plugin blocks for plugin \"json\" | Name one of them, without "
     "quotes: plugin.a, "
     "plugin.b."},
    {"plugin \"json\" {\n source = \"csv\"\n}\nconnection \"c\" { plugin = \"json\" }",
     "4:18: the block plugin \"json\" runs another plugin, \"csv\" | Write plugin.json without "
     "quotes to use it, or "
     "rename its label."},
    {"connection \"c\" {\n plugin = \"csv\"\n import_schema = \"off\"\n}",
     "3:2: invalid value for \"import_schema\" in connection \"c\" | It takes one of \"enabled\", "
     "\"lazy\" and "
     "\"disabled\"."},
    {"connection \"c\" {\n plugin = \"csv\"\n type = \"x\"\n}",
     "3:2: invalid value for \"type\" in connection \"c\" | It takes one of \"plugin\" and "
     "\"aggregator\"."},
    {"connection \"c\" {\n plugin = \"csv\"\n type = \"aggregator\"\n}",
     "1:1: aggregator \"c\" has no \"connections\" | Add a list of connection names or patterns, "
     "such as connections = "
     "[\"aws_*\"]."},
    {"connection \"c\" {\n plugin = \"csv\"\n type = \"aggregator\"\n connections = []\n}",
     "4:2: invalid value for \"connections\" in connection \"c\" | It takes a list of connection "
     "names or patterns, "
     "such as [\"aws_*\"]."},
    {"connection \"c\" {\n plugin = \"csv\"\n connections = [\"a\"]\n}",
     "1:1: \"connections\" is not allowed in connection \"c\" | It is for aggregators: add type = "
     "\"aggregator\"."},
    {"connection \"c\" {\n plugin = \"csv\"\n x = plugin.y\n}",
     "3:2: reference \"plugin.y\" is not allowed here (argument \"x\" of connection \"c\") | Only "
     "the argument "
     "\"plugin\" takes a reference; put text in quotes."},
    {"connection \"c\" {\n plugin = \"csv\"\n x = [{ y = env(\"NOPE\") }]\n}",
     "3:2: environment variable \"NOPE\" is not set (argument \"x\" of connection \"c\") | It must "
     "be set for the "
     "service when it starts."},
    {"connection \"c\" {\n plugin = \"csv\"\n inner {\n }\n}",
     "3:2: block \"inner\" is not allowed in connection \"c\" | Write it as an argument: inner = { "
     "… }."},
    {"connection \"pg_x\" { plugin = \"csv\" }",
     "1:1: connection name \"pg_x\" is reserved | PostgreSQL keeps names that start with \"pg_\" "
     "for itself; choose "
     "another one."},
    {"connection \"a\\nb\" { plugin = \"csv\" }",
     "1:1: connection name contains a control character | The name becomes a PostgreSQL schema: "
     "lower case letters, "
     "digits and \"_\" need no quotes in SQL."},
};

INSTANTIATE_TEST_SUITE_P(Table, BadConnection, testing::ValuesIn(kBadConnections));

TEST(Connection, uses_the_one_block_of_its_plugin) {
    const Outcome outcome =
        read("plugin \"big\" {\n source = \"csv\"\n start_timeout = 5\n hang_timeout = 0\n}\n"
             "connection \"c\" { plugin = \"csv\" }\nconnection \"d\" { plugin = plugin.big }\n"
             "connection \"e\" { plugin = \"json\" }\n");
    const Configuration& all = outcome.configuration;
    EXPECT_EQ(all.connections.at("c").plugin_instance, "big");
    EXPECT_EQ(all.connections.at("d").plugin_instance, "big");
    EXPECT_EQ(all.connections.at("d").plugin, "csv");
    EXPECT_EQ(all.connections.at("e").plugin_instance, "json");
    EXPECT_EQ(all.instances.at("big").start_timeout_s, 5);
    EXPECT_EQ(all.instances.at("big").hang_timeout_s, 0);
    EXPECT_EQ(all.instances.at("json").start.file, "");
    EXPECT_EQ(all.instances.size(), 2U);
}

TEST(Connection, leaves_out_instances_that_nobody_uses) {
    EXPECT_TRUE(read("plugin \"csv\" {}").configuration.instances.empty());
}

TEST(Connection, reads_the_controllers_own_arguments) {
    const Outcome outcome = read("connection \"c\" {\n plugin = \"csv\"\n type = \"aggregator\"\n"
                                 " connections = [\"a*\", \"b\"]\n import_schema = \"lazy\"\n"
                                 " on_error = \"partial\"\n}\n");
    const Connection& connection = outcome.configuration.connections.at("c");
    EXPECT_FALSE(connection.error);
    EXPECT_EQ(connection.type, ConnectionType::kAggregator);
    EXPECT_EQ(connection.patterns, (std::vector<std::string>{"a*", "b"}));
    EXPECT_EQ(connection.on_error, OnError::kPartial);
    EXPECT_EQ(connection.import_schema, ImportSchema::kLazy);
    EXPECT_TRUE(connection.arguments.empty());
}

TEST(Connection, that_is_an_aggregator_takes_no_arguments_of_the_plugin) {
    const Outcome outcome =
        read("connection \"c\" {\n plugin = \"csv\"\n paths = []\n type = \"aggregator\"\n"
             " connections = [\"a\"]\n}\n");
    const Connection& connection = outcome.configuration.connections.at("c");
    ASSERT_TRUE(connection.error);
    EXPECT_EQ(text_of(*connection.error),
              "3:2: argument \"paths\" is not allowed in connection \"c\" | It is an aggregator, "
              "which has plugin, type, connections, on_error and import_schema; the rest are "
              "arguments of its connections.");
}

TEST(Connection, that_is_no_aggregator_leaves_on_error_to_its_plugin) {
    const Outcome outcome =
        read("connection \"c\" {\n plugin = \"csv\"\n on_error = \"skip\"\n}\n");
    const Connection& connection = outcome.configuration.connections.at("c");
    EXPECT_FALSE(connection.error);
    EXPECT_TRUE(connection.arguments.contains("on_error"));
}

std::string hash_of_aggregator(const std::string& child_line) {
    return read("connection \"all\" {\n plugin = \"csv\"\n type = \"aggregator\"\n"
                " connections = [\"a*\"]\n}\n" +
                child_line)
        .configuration.connections.at("all")
        .config_hash;
}

TEST(Connection, that_is_an_aggregator_has_another_hash_with_other_children) {
    const auto child = [](const std::string& name, const std::string& more = {}) {
        return "connection \"" + name + "\" {\n plugin = \"csv\"\n" + more + "}\n";
    };
    const std::string one = hash_of_aggregator(child("a1"));
    EXPECT_NE(one, hash_of_aggregator(child("a2")));
    EXPECT_NE(one, hash_of_aggregator(child("a1") + child("a2")));
    EXPECT_EQ(one, hash_of_aggregator(child("a1") + child("b")));
    EXPECT_EQ(one, hash_of_aggregator(child("a1", " x = 1\n")));
    // Nobody but the aggregator tells the plugin of a disabled one.
    const std::string disabled = " import_schema = \"disabled\"\n";
    EXPECT_NE(hash_of_aggregator(child("a1", disabled)),
              hash_of_aggregator(child("a1", disabled + " x = 1\n")));
}

TEST(Connection, in_error_keeps_its_instance_for_its_live_schema) {
    const Outcome outcome = read("connection \"c\" {\n plugin = \"csv\"\n type = 1\n}\n");
    EXPECT_TRUE(outcome.configuration.connections.at("c").error);
    EXPECT_EQ(outcome.configuration.instances.count("csv"), 1U);
}

TEST(Connection, has_another_hash_when_any_part_of_its_meaning_changes) {
    const char* const texts[] = {
        "connection \"c\" { plugin = \"csv\" }",
        "connection \"d\" { plugin = \"csv\" }",
        "connection \"c\" { plugin = \"json\" }",
        "plugin \"p\" { source = \"csv\" }\nconnection \"c\" { plugin = \"csv\" }",
        "connection \"c\" {\n plugin = \"csv\"\n import_schema = \"lazy\"\n}",
        R"(connection "c" {
             plugin = "csv"
             type = "aggregator"
             connections = ["a"]
           })",
        R"(connection "c" {
             plugin = "csv"
             type = "aggregator"
             connections = ["a"]
             on_error = "partial"
           })",
        "connection \"c\" {\n plugin = \"csv\"\n x = 1\n}",
        "connection \"c\" {\n plugin = \"csv\"\n x = \"1\"\n}",
        "connection \"c\" {\n plugin = \"csv\"\n x = 1.5\n}",
        "connection \"c\" {\n plugin = \"csv\"\n x = true\n}",
        "connection \"c\" {\n plugin = \"csv\"\n x = null\n}",
        "connection \"c\" {\n plugin = \"csv\"\n x = [1]\n}",
        "connection \"c\" {\n plugin = \"csv\"\n x = [[1]]\n}",
        "connection \"c\" {\n plugin = \"csv\"\n x = {y = 1}\n}",
        "connection \"c\" {\n plugin = \"csv\"\n x = {}\n y = 1\n}",
    };
    std::map<std::string, std::string> seen;
    for (const char* text : texts) {
        const Outcome outcome = read(text);
        ASSERT_EQ(outcome.file_error, "");
        const std::string& hash = outcome.configuration.connections.begin()->second.config_hash;
        EXPECT_TRUE(seen.emplace(hash, text).second) << text << " looks like " << seen[hash];
    }
}

} // namespace
} // namespace penstock::config
