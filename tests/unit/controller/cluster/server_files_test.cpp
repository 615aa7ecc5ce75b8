#include "cluster/server_files.hpp"

#include "penstock/types/error.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace penstock::cluster {
namespace {

TEST(HostBasedAuthentication, lets_in_the_superuser_by_peer_and_others_by_password) {
    std::string rules;
    for (std::istringstream lines(host_based_authentication()); std::getline(lines, rules);) {
        if (!rules.empty() && rules.front() != '#') {
            break;
        }
    }
    EXPECT_EQ(rules, "local all postgres peer map=penstock");
    EXPECT_NE(host_based_authentication().find("\nlocal all all scram-sha-256\n"),
              std::string::npos);
}

TEST(HostBasedAuthentication, never_trusts_and_knows_no_network) {
    EXPECT_EQ(host_based_authentication().find("trust"), std::string::npos);
    EXPECT_EQ(host_based_authentication().find("host "), std::string::npos);
}

TEST(IdentMap, names_only_the_service_user) {
    EXPECT_EQ(ident_map("some user"), "penstock \"some user\" postgres\n");
}

TEST(ServerConfiguration, listens_on_a_private_socket_only) {
    const std::string text = server_configuration({"/home/o'brien, x/run/pg", "", "penstock"});
    EXPECT_NE(text.find("\nlisten_addresses = ''"), std::string::npos);
    EXPECT_NE(text.find("\nunix_socket_permissions = 0700\n"), std::string::npos);
    EXPECT_NE(text.find("\nunix_socket_directories = '\"/home/o''brien, x/run/pg\"'\n"),
              std::string::npos);
    EXPECT_NE(text.find("\nshared_preload_libraries = 'penstock'\n"), std::string::npos);
    EXPECT_EQ(text.find("dynamic_library_path"), std::string::npos);
}

TEST(ServerConfiguration, finds_the_library_of_a_build_tree) {
    const std::string text = server_configuration({"/s", "/build/lib", "penstock"});
    EXPECT_NE(text.find("\ndynamic_library_path = '/build/lib:$libdir'\n"), std::string::npos);
}

TEST(PasswordFile, escapes_what_separates_fields) {
    EXPECT_EQ(pgpass_line("/a:b\\c", "db", "role", "pa:ss"), "/a\\:b\\\\c:5432:db:role:pa\\:ss");
    EXPECT_EQ(pgpass_any_line("x\\y"), "*:*:*:*:x\\\\y");
}

/// `text` as libpq takes it, with what the environment adds.
std::map<std::string, std::string> parsed(const std::string& text) {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectStart(text.c_str()),
                                                                  &PQfinish);
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfo(connection.get()), &PQconninfoFree);
    std::map<std::string, std::string> values;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        values[option->keyword] = option->val == nullptr ? "" : option->val;
    }
    return values;
}

TEST(ConnectionString, quotes_paths) {
    const std::string text = connection_string(Home{"/h o'me"}, "penstock", "penstock", "/p");
    EXPECT_EQ(parsed(text)["host"], "/h o'me/run/pg");
    EXPECT_EQ(parsed(text)["passfile"], "/p");
}

TEST(ConnectionString, does_not_let_the_environment_choose_another_server_or_password) {
    const std::vector<std::pair<const char*, std::string>> hostile = {
        {"PGPASSWORD", "of another server"},
        {"PGHOSTADDR", "192.0.2.1"},
        {"PGHOST", "example.org"},
        {"PGPORT", "60001"},
        {"PGUSER", "somebody"},
        {"PGDATABASE", "other"},
        {"PGOPTIONS", "-c search_path=x"},
        {"PGREQUIREPEER", "nobody"},
        {"PGGSSENCMODE", "require"},
        {"PGCHANNELBINDING", "require"},
        {"PGPASSFILE", "/other"},
        {"PGTARGETSESSIONATTRS", "standby"}};
    for (const auto& [name, value] : hostile) {
        ::setenv(name, value.c_str(), 1);
    }
    const auto values = parsed(connection_string(Home{"/home"}, "penstock", "penstock", "/p"));
    for (const auto& [name, value] : hostile) {
        ::unsetenv(name);
        for (const auto& [keyword, taken] : values) {
            EXPECT_NE(taken, value) << keyword << " comes from " << name;
        }
    }
}

TEST(PrivateFile, replaces_a_file_and_is_readable_by_its_owner_alone) {
    const std::filesystem::path file =
        std::filesystem::path(testing::TempDir()) / ("private_" + std::to_string(::getpid()));
    {
        std::ofstream(file) << "old and longer";
    }
    write_private_file(file, "new");
    struct stat status{};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    std::string text;
    std::getline(std::ifstream(file), text);
    EXPECT_EQ(text, "new");
    std::filesystem::remove(file);
}

TEST(PrivateFile, names_the_file_that_it_cannot_write) {
    try {
        write_private_file("/nowhere/at/all", "x");
        FAIL() << "a file in no folder was written";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kPermission);
        EXPECT_NE(exception.error().message.find("\"/nowhere/at/all\""), std::string::npos);
    }
}

} // namespace
} // namespace penstock::cluster
