#include "machine.hpp"

#include "penstock/types/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace penstock::system {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class File : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "penstock_file_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        std::ofstream(folder_ + "/plain") << "twelve bytes";
        ::chmod((folder_ + "/plain").c_str(), 02640);
        const std::array<timespec, 2> times = {timespec{1'000'000'000, 0},
                                               timespec{1'100'000'000, 123'456'789}};
        ::utimensat(AT_FDCWD, (folder_ + "/plain").c_str(), times.data(), 0);
        fs::create_directory(folder_ + "/inner");
        fs::create_symlink("plain", folder_ + "/link");
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::vector<Value> column(const std::string& name, std::vector<Qual> quals) {
        std::vector<Value> values;
        for (auto& row : machine_.scan("system_file", {name}, std::move(quals))) {
            values.push_back(row.at(0));
        }
        return values;
    }
    Error error_of(std::vector<Qual> quals) {
        try {
            machine_.count("system_file", std::move(quals));
        } catch (const Exception& exception) {
            return exception.error();
        }
        ADD_FAILURE() << "no error";
        return {};
    }

    Machine machine_;
    std::string folder_;
};

TEST_F(File, shows_size_mode_owner_and_times) {
    const auto rows = machine_.scan(
        "system_file",
        {"name", "directory", "kind", "size_bytes", "mode", "permissions", "uid", "mtime", "links"},
        {text_is("path", folder_ + "/plain")});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_THAT(rows[0],
                ElementsAre(Value("plain"), Value(folder_), Value("file"), Value(std::int64_t{12}),
                            Value("2640"), Value("rw-r-S---"), Value(std::int64_t{geteuid()}),
                            Value(Timestamptz::from_unix(1'100'000'000, 123'456)),
                            Value(std::int64_t{1})));
}

TEST_F(File, lists_one_level_of_a_directory) {
    EXPECT_THAT(column("name", {text_is("directory", folder_)}),
                UnorderedElementsAre(Value("plain"), Value("inner"), Value("link")));
    EXPECT_THAT(column("path", {text_is("directory", folder_ + "/")}),
                UnorderedElementsAre(Value(folder_ + "/plain"), Value(folder_ + "/inner"),
                                     Value(folder_ + "/link")));
    EXPECT_EQ(machine_.count("system_file", {text_is("directory", folder_)}), 3U);
}

TEST_F(File, does_not_follow_links) {
    const auto rows =
        machine_.scan("system_file", {"kind", "link_target"}, {text_is("path", folder_ + "/link")});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_THAT(rows[0], ElementsAre(Value("symlink"), Value("plain")));
}

TEST_F(File, has_no_row_for_what_is_not_there) {
    EXPECT_THAT(column("name", {text_is("path", folder_ + "/nothing")}), ElementsAre());
    EXPECT_THAT(column("name", {text_is("path", folder_ + "/plain/below")}), ElementsAre());
    EXPECT_THAT(column("name", {text_is("directory", folder_ + "/nothing")}), ElementsAre());
    EXPECT_THAT(column("name", {text_is("path", "plain")}), ElementsAre());
    EXPECT_THAT(column("name", {text_is("path", "")}), ElementsAre());
}

TEST_F(File, takes_several_paths_each_once) {
    const Value plain = folder_ + "/plain";
    EXPECT_THAT(column("path", {is_in("path", TypeId::kText,
                                      {plain, folder_ + "/inner", plain, folder_ + "/no"})}),
                UnorderedElementsAre(plain, Value(folder_ + "/inner")));
}

TEST_F(File, takes_both_keys_together) {
    EXPECT_EQ(machine_.count("system_file",
                             {text_is("path", folder_ + "/plain"), text_is("directory", folder_)}),
              1U);
    EXPECT_EQ(machine_.count("system_file",
                             {text_is("path", folder_ + "/plain"), text_is("directory", "/")}),
              0U);
}

TEST_F(File, cuts_odd_paths_as_dirname_does) {
    EXPECT_THAT(column("directory", {text_is("path", "/")}), ElementsAre(Value("/")));
    EXPECT_THAT(column("directory", {text_is("path", folder_ + "/inner/")}),
                ElementsAre(Value(folder_)));
    EXPECT_THAT(column("directory", {text_is("path", "/etc")}), ElementsAre(Value("/")));
}

TEST_F(File, shows_names_that_are_not_text_escaped) {
    std::ofstream(folder_ + "/inner/a\xff") << "x";
    EXPECT_THAT(column("name", {text_is("directory", folder_ + "/inner")}),
                ElementsAre(Value("a\\xff")));
}

TEST_F(File, needs_one_of_its_keys) {
    const Error error = error_of({});
    EXPECT_EQ(error.kind, ErrorKind::kKeyMissing);
    EXPECT_THAT(error.message, HasSubstr("\"system_file\""));
    EXPECT_THAT(error.detail, HasSubstr("\"path\", \"directory\""));
}

TEST_F(File, names_the_path_that_it_may_not_read) {
    const std::string closed = folder_ + "/inner";
    ::chmod(closed.c_str(), 0);
    const bool is_root = geteuid() == 0;
    if (is_root) { // root may read anything
        ::chmod(folder_.c_str(), 0755);
        ASSERT_EQ(::seteuid(65534), 0);
    }
    const Error listed = error_of({text_is("directory", closed)});
    const Error looked_up = error_of({text_is("path", closed + "/file")});
    if (is_root) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    ::chmod(closed.c_str(), 0755);
    EXPECT_EQ(listed.kind, ErrorKind::kPermission);
    EXPECT_THAT(listed.message, HasSubstr("\"" + closed + "\""));
    EXPECT_EQ(looked_up.kind, ErrorKind::kPermission);
    EXPECT_THAT(looked_up.message, HasSubstr("\"" + closed + "/file\""));
}

} // namespace
} // namespace penstock::system
