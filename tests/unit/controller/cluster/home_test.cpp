#include "cluster/home.hpp"

#include "penstock/types/error.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

namespace penstock::cluster {
namespace {

/// PENSTOCK_HOME for the length of a test.
class Environment {
  public:
    explicit Environment(const char* value) { ::setenv("PENSTOCK_HOME", value, 1); }
    ~Environment() { ::unsetenv("PENSTOCK_HOME"); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
};

TEST(Home, is_the_same_with_and_without_a_slash_at_the_end) {
    const Environment environment("/some/where/../home/");
    EXPECT_EQ(Home::from_environment().root, "/some/home");
}

TEST(Home, of_a_relative_path_is_absolute) {
    const Environment environment("here");
    EXPECT_EQ(Home::from_environment().root, std::filesystem::current_path() / "here");
}

TEST(Home, is_in_the_folder_of_the_service_user_when_nothing_is_said) {
    const Environment environment("");
    EXPECT_EQ(Home::from_environment().root.filename(), ".penstock");
    EXPECT_TRUE(Home::from_environment().root.is_absolute());
}

TEST(Home, refuses_a_path_too_long_for_the_socket) {
    // A socket address holds 107 bytes and a NUL.
    const std::string socket = "/run/pg/.s.PGSQL.5432";
    const Home fitting{"/" + std::string(107 - socket.size() - 1, 'x')};
    EXPECT_NO_THROW(fitting.check_socket_length());
    const Home too_long{"/" + std::string(107 - socket.size(), 'x')};
    try {
        too_long.check_socket_length();
        FAIL() << "108 bytes were accepted";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kLimit);
        EXPECT_NE(exception.error().detail.find("108 bytes"), std::string::npos);
        EXPECT_NE(exception.error().detail.find("107"), std::string::npos);
    }
}

TEST(Home, makes_folders_that_only_the_owner_may_enter) {
    const Home home{std::filesystem::path(testing::TempDir()) /
                    ("home_" + std::to_string(::getpid()))};
    home.create_folders();
    home.create_folders(); // again: nothing to do
    for (const auto& folder : {home.root, home.config(), home.run(), home.server_socket_folder(),
                               home.logs(), home.internal()}) {
        struct stat status{};
        ASSERT_EQ(::stat(folder.c_str(), &status), 0) << folder;
        EXPECT_EQ(status.st_mode & 07777, 0700U) << folder;
    }
    std::filesystem::remove_all(home.root);
}

TEST(Home, names_the_folder_that_it_cannot_make) {
    try {
        Home{"/dev/null/home"}.create_folders();
        FAIL() << "a folder was made in a device";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kPermission);
        EXPECT_NE(exception.error().message.find("\"/dev/null/home\""), std::string::npos);
    }
}

} // namespace
} // namespace penstock::cluster
