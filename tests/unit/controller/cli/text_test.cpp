#include "cli/messages.hpp"
#include "cli/query_command.hpp"
#include "cluster/child.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace penstock::cli {
namespace {

using namespace std::chrono_literals;

TEST(ShellQuote, gives_the_shell_exactly_the_text) {
    for (const std::string text : {"plain", "", "it's $HOME `x` \"y\" \\ z", "line\nbreak", "-n"}) {
        const cluster::Outcome outcome =
            cluster::run_program({"/bin/sh", "-c", "printf %s " + shell_quote(text)}, 10s);
        EXPECT_EQ(outcome.output, text);
    }
}

TEST(ErrorText, has_the_parts_that_there_are) {
    EXPECT_EQ(error_text(Error::make(ErrorKind::kOption, "bad", "Why.", "Do this.")),
              "penstock: bad\nDETAIL:  Why.\nHINT:  Do this.\n");
    EXPECT_EQ(error_text(Error::make(ErrorKind::kOption, "bad")), "penstock: bad\n");
}

TEST(Scripts, are_texts_unless_their_name_ends_in_sql) {
    const std::filesystem::path file = std::filesystem::path(testing::TempDir()) /
                                       ("script_" + std::to_string(::getpid()) + ".sql");
    {
        std::ofstream(file) << "\xEF\xBB\xBFselect 2";
    }
    const std::vector<query::Script> scripts = read_scripts({"select 1", file.string()}, true);
    std::filesystem::remove(file);
    ASSERT_EQ(scripts.size(), 2U);
    EXPECT_EQ(scripts[0].text, "select 1");
    EXPECT_EQ(scripts[0].name, "");
    EXPECT_EQ(scripts[1].text, "select 2") << "the byte order mark is not SQL";
    EXPECT_EQ(scripts[1].name, file.string());
}

TEST(Scripts, that_are_missing_are_an_error_and_not_sql) {
    try {
        (void)read_scripts({"no_such_file.sql"}, true);
        FAIL() << "a missing file was run as SQL";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kNotFound);
        EXPECT_NE(exception.error().message.find("\"no_such_file.sql\""), std::string::npos);
    }
}

TEST(Scripts, must_come_from_somewhere) {
    try {
        (void)read_scripts({}, true);
        FAIL() << "a terminal was read as a script";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kOption);
    }
}

} // namespace
} // namespace penstock::cli
