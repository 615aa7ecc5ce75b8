#include "penstock/plugin/plugin.hpp"

#include <gtest/gtest.h>

namespace penstock {
namespace {

const std::vector<ArgumentSpec>& specs() {
    static const std::vector<ArgumentSpec> specs{
        {.name = "path", .is_required = true, .description = "Where it is."},
        {.name = "rows", .kind = ArgumentKind::kInteger},
        {.name = "ratio", .kind = ArgumentKind::kNumber},
        {.name = "deep", .kind = ArgumentKind::kBoolean},
        {.name = "files", .kind = ArgumentKind::kStringList},
        {.name = "names", .kind = ArgumentKind::kMap},
        {.name = "mode", .choices = {"fast", "safe"}},
        {.name = "token", .is_secret = true, .choices = {"a"}},
    };
    return specs;
}

/// The error for these arguments besides a good "path"; its message is "" when there is none.
Error fault_of(Arguments arguments) {
    arguments.emplace("path", ConfigValue{std::string("/")});
    const Status status = check_arguments(specs(), arguments);
    return status.ok() ? Error() : status.error();
}

ConfigValue text(const char* value) {
    return {std::string(value)};
}

TEST(CheckArguments, accepts_each_kind) {
    EXPECT_EQ(fault_of({{"rows", {std::int64_t{1}}},
                        {"ratio", {std::int64_t{1}}},
                        {"deep", {false}},
                        {"files", {ConfigValue::List{text("a"), text("b")}}},
                        {"names", {ConfigValue::Map{{"a", text("b")}}}},
                        {"mode", text("safe")}})
                  .message,
              "");
    EXPECT_EQ(fault_of({{"ratio", {0.5}}, {"files", text("one")}}).message, "");
}

TEST(CheckArguments, names_an_unknown_argument_and_lists_the_valid_ones) {
    const Error error = fault_of({{"row", {std::int64_t{1}}}});
    EXPECT_EQ(error.kind, ErrorKind::kOption);
    EXPECT_EQ(error.message, "unknown argument \"row\"");
    EXPECT_EQ(error.argument, "row");
    EXPECT_EQ(error.hint,
              "Valid arguments are: path, rows, ratio, deep, files, names, mode, token.");
}

TEST(CheckArguments, says_that_a_plugin_takes_none) {
    const Status status = check_arguments({}, {{"rows", {std::int64_t{1}}}});
    EXPECT_EQ(status.error().hint, "This plugin takes no arguments.");
}

TEST(CheckArguments, refuses_another_kind) {
    const std::pair<const char*, ConfigValue> wrong[] = {
        {"rows", text("1")},
        {"rows", {1.5}},
        {"ratio", text("1")},
        {"deep", text("true")},
        {"files", {ConfigValue::List{{std::int64_t{1}}}}},
        {"names", {ConfigValue::Map{{"a", {true}}}}},
        {"names", {ConfigValue::List{}}},
        {"mode", {true}},
    };
    for (const auto& [name, value] : wrong) {
        const Error error = fault_of({{name, value}});
        EXPECT_NE(error.message.find(" must be "), std::string::npos) << name;
        EXPECT_EQ(error.argument, name);
    }
}

TEST(CheckArguments, misses_a_required_one) {
    const Status status = check_arguments(specs(), {});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().message, "missing argument \"path\"");
    EXPECT_EQ(status.error().argument, "path");
    EXPECT_FALSE(check_arguments(specs(), {{"path", {}}}).ok()) << "null is not a value";
}

TEST(CheckArguments, lists_the_choices) {
    const Error error = fault_of({{"mode", text("slow")}});
    EXPECT_EQ(error.message, "invalid value \"slow\" for argument \"mode\"");
    EXPECT_EQ(error.hint, "Valid values are: fast, safe.");
}

TEST(CheckArguments, never_shows_a_secret) {
    const Error error = fault_of({{"token", text("hunter2")}});
    EXPECT_EQ((error.message + error.detail + error.hint).find("hunter2"), std::string::npos);
    EXPECT_EQ(error.argument, "token");
}

TEST(ConnectionConfig, reads_what_was_given) {
    const ConnectionConfig config("c", {{"rows", {std::int64_t{3}}},
                                        {"ratio", {0.5}},
                                        {"deep", {true}},
                                        {"files", text("one")},
                                        {"more", {ConfigValue::List{text("a"), text("b")}}},
                                        {"names", {ConfigValue::Map{{"a", text("b")}}}},
                                        {"nothing", {}}});
    EXPECT_EQ(config.name(), "c");
    EXPECT_EQ(config.integer("rows"), 3);
    EXPECT_EQ(config.number("rows"), 3.0);
    EXPECT_EQ(config.number("ratio"), 0.5);
    EXPECT_EQ(config.boolean("deep"), true);
    EXPECT_EQ(config.text_list("files"), std::vector<std::string>{"one"});
    EXPECT_EQ(config.text_list("more"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(config.text_map("names").at("a"), "b");
}

TEST(ConnectionConfig, has_nothing_for_what_was_not_given) {
    const ConnectionConfig config("c", {{"nothing", {}}});
    for (const char* name : {"nothing", "unknown"}) {
        EXPECT_FALSE(config.has(name));
        EXPECT_EQ(config.text(name), std::nullopt);
        EXPECT_EQ(config.integer(name), std::nullopt);
        EXPECT_TRUE(config.text_list(name).empty());
        EXPECT_TRUE(config.text_map(name).empty());
    }
}

} // namespace
} // namespace penstock
