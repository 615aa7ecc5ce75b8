#include "config/children.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Children : public ::testing::Test {
  protected:
    Connection& add(const std::string& name, const std::string& instance = "csv") {
        Connection& connection = connections_[name];
        connection.name = name;
        connection.plugin_instance = instance;
        return connection;
    }
    Connection& resolve(std::vector<std::string> patterns) {
        Connection& parent = add("all");
        parent.type = ConnectionType::kAggregator;
        parent.patterns = std::move(patterns);
        resolve_children(connections_);
        return parent;
    }
    [[nodiscard]] std::vector<std::string> warnings() const {
        std::vector<std::string> texts;
        for (const ConfigError& warning : connections_.at("all").warnings) {
            texts.push_back(warning.error.message);
        }
        return texts;
    }

    std::map<std::string, Connection> connections_;
};

TEST_F(Children, are_found_by_pattern_each_once_and_in_order) {
    for (const char* name : {"a1", "a2", "b1", "c"}) {
        add(name);
    }
    EXPECT_THAT(resolve({"?1", "a*", "[c-d]"}).children, ElementsAre("a1", "a2", "b1", "c"));
    EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(Children, are_found_by_name_before_the_name_counts_as_a_pattern) {
    add("a*");
    add("ab");
    EXPECT_THAT(resolve({"a*"}).children, ElementsAre("a*"));
}

TEST_F(Children, are_of_the_same_instance_and_no_aggregators) {
    add("mine");
    add("other", "system");
    add("unknown", "");
    add("group").type = ConnectionType::kAggregator;
    EXPECT_THAT(resolve({"*"}).children, ElementsAre("mine"));
    EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(Children, may_be_disabled_or_in_error) {
    add("off").import_schema = ImportSchema::kDisabled;
    add("bad").error = ConfigError{};
    EXPECT_THAT(resolve({"*"}).children, ElementsAre("bad", "off"));
}

TEST_F(Children, that_are_not_there_are_a_warning_that_says_why) {
    add("other", "system");
    add("group").type = ConnectionType::kAggregator;
    EXPECT_THAT(resolve({"x*", "other", "group", "all"}).children, IsEmpty());
    const std::string where = " (\"connections\" of connection \"all\")";
    EXPECT_THAT(warnings(), ElementsAre("no connection matches \"x*\"" + where,
                                        "connection \"other\" is of another plugin" + where,
                                        "connection \"group\" is an aggregator too" + where,
                                        "connection \"all\" is the aggregator itself" + where));
}

} // namespace
} // namespace penstock::config
