#include "cluster/cluster.hpp"

#include "cluster/bootstrap.hpp"
#include "cluster/child.hpp"
#include "penstock/types/error.hpp"
#include "unit/controller/cluster/temporary_server.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

namespace penstock::cluster {
namespace {

using testing_kit::TemporaryServer;

std::string read_file(const std::filesystem::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Live processes of the test's server. (A dead one may stay listed until its parent looks.)
int server_processes(const std::filesystem::path& data) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        std::ifstream stream(entry.path() / "cmdline");
        std::string arguments{std::istreambuf_iterator<char>(stream), {}};
        count += arguments.find(data.string()) != std::string::npos ? 1 : 0;
    }
    return count;
}

/// One server for all tests of this file: making one takes seconds.
class ClusterTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        server = std::make_unique<TemporaryServer>();
        server->start();
    }
    static void TearDownTestSuite() { server.reset(); }
    void SetUp() override { server->cluster().start(); }

    static Error init_error() {
        try {
            server->cluster().init();
        } catch (const Exception& exception) {
            return exception.error();
        }
        return Error::make(ErrorKind::kInternal, "no error");
    }

    static std::unique_ptr<TemporaryServer> server;
};
std::unique_ptr<TemporaryServer> ClusterTest::server;

TEST_F(ClusterTest, has_the_settings_that_the_service_relies_on) {
    EXPECT_EQ(server->sql("show listen_addresses"), "");
    EXPECT_EQ(server->sql("show unix_socket_directories"),
              "\"" + server->home().server_socket_folder().string() + "\"");
    EXPECT_EQ(server->sql("show data_checksums"), "on");
    EXPECT_EQ(server->sql("show max_locks_per_transaction"), "2048");
    EXPECT_EQ(server->sql("show fsync"), "on");
    EXPECT_EQ(server->sql("select encoding from pg_database where datname = 'template1'"), "6");
    EXPECT_EQ(
        server->sql("select datcollate, datctype from pg_database where datname = 'template1'"),
        "C|C.UTF-8");
    EXPECT_EQ(server->sql("select count(*) from pg_hba_file_rules where error is not null "
                          "or auth_method = 'trust' or type <> 'local'"),
              "0");
}

TEST_F(ClusterTest, starts_and_stops_any_number_of_times) {
    const std::optional<pid_t> first = server->cluster().running_server();
    ASSERT_TRUE(first.has_value());
    server->cluster().init();
    server->cluster().start();
    EXPECT_EQ(server->cluster().running_server(), first) << "start made another server";
    EXPECT_TRUE(server->cluster().stop());
    EXPECT_FALSE(server->cluster().stop());
    EXPECT_FALSE(server->cluster().running_server().has_value());
    EXPECT_EQ(server_processes(server->home().data()), 0) << "a process was left";
    server->cluster().start();
    EXPECT_EQ(server->sql("select 1"), "1");
}

TEST_F(ClusterTest, no_process_is_left_when_stop_returns) {
    for (int round = 0; round < 5; ++round) {
        server->cluster().start();
        const pid_t pid = server->cluster().running_server().value();
        EXPECT_TRUE(server->cluster().stop());
        const auto process = open_process(pid);
        EXPECT_TRUE(!process || wait_for_end(process, 0)) << "round " << round;
    }
    server->cluster().start();
}

TEST_F(ClusterTest, starts_again_after_a_kill) {
    const pid_t pid = server->cluster().running_server().value();
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    server->cluster().start();
    EXPECT_EQ(server->sql("select 1"), "1");
}

TEST_F(ClusterTest, starts_again_after_a_kill_that_a_session_notices_late) {
    const pid_t pid = server->cluster().running_server().value();
    const std::filesystem::path log = server->cluster().log_file();
    const std::string worker =
        server->sql("select pid from pg_stat_activity where backend_type = 'walwriter'");
    const auto late = static_cast<pid_t>(std::stoi(worker));
    ASSERT_EQ(::kill(late, SIGSTOP), 0);
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    std::thread waker([&log, late] {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (read_file(log).find("pre-existing shared memory block") == std::string::npos &&
               std::chrono::steady_clock::now() < deadline) {
        }
        ::kill(late, SIGCONT);
    });
    EXPECT_NO_THROW(server->cluster().start());
    waker.join();
    EXPECT_EQ(server->sql("select 1"), "1");
}

TEST_F(ClusterTest, shares_no_descriptor_with_its_starter) {
    EXPECT_TRUE(server->cluster().stop());
    const int ours = ::open("/etc/passwd", O_RDONLY); // without O_CLOEXEC
    server->cluster().start();
    const pid_t pid = server->cluster().running_server().value();
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
        std::error_code ignored;
        EXPECT_NE(std::filesystem::read_symlink(entry.path(), ignored), "/etc/passwd");
    }
    ::close(ours);
}

TEST_F(ClusterTest, shows_the_servers_own_words_when_it_cannot_start) {
    EXPECT_TRUE(server->cluster().stop());
    const std::filesystem::path conf = server->home().data() / "postgresql.conf";
    const std::string good = read_file(conf);
    {
        std::ofstream(conf, std::ios::app) << "shared_preload_libraries = 'no_such_library'\n";
    }
    try {
        server->cluster().start();
        FAIL() << "a server without its library started";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kUnavailable);
        EXPECT_NE(exception.error().detail.find("no_such_library"), std::string::npos);
        EXPECT_NE(exception.error().hint.find("postgresql.log"), std::string::npos);
    }
    std::ofstream(conf) << good;
}

TEST_F(ClusterTest, explains_a_data_folder_with_open_permissions) {
    ::chmod(server->home().data().c_str(), 0755);
    const Error error = init_error();
    ::chmod(server->home().data().c_str(), 0700);
    EXPECT_EQ(error.kind, ErrorKind::kPermission);
    EXPECT_NE(error.message.find("has permissions 0755"), std::string::npos);
    EXPECT_NE(error.hint.find("chmod 0700"), std::string::npos);
}

TEST_F(ClusterTest, explains_a_data_folder_of_another_version) {
    const std::filesystem::path file = server->home().data() / "PG_VERSION";
    const std::string version = read_file(file);
    std::ofstream(file) << "9\n";
    const Error error = init_error();
    std::ofstream(file) << version;
    EXPECT_EQ(error.kind, ErrorKind::kLimit);
    EXPECT_NE(error.message.find("was made by PostgreSQL 9"), std::string::npos);
}

TEST_F(ClusterTest, says_what_to_install_when_there_are_no_programs) {
    Cluster cluster(server->home(), "/no/such/folder", {});
    try {
        cluster.init();
        FAIL() << "a cluster without programs was made";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kNotFound);
        EXPECT_NE(exception.error().hint.find("postgresql-15"), std::string::npos);
    }
}

TEST_F(ClusterTest, keeps_a_folder_that_is_not_its_own) {
    const TemporaryServer other;
    std::filesystem::create_directory(other.home().data());
    {
        std::ofstream(other.home().data() / "precious") << "x";
    }
    EXPECT_THROW(other.cluster().init(), Exception);
    EXPECT_TRUE(std::filesystem::exists(other.home().data() / "precious"));
}

/// The roles that the extension's script makes.
void make_roles(const TemporaryServer& server) {
    (void)server.sql("create role penstock_owner login", "postgres", "penstock");
    (void)server.sql("create role penstock_users", "postgres", "penstock");
}

TEST_F(ClusterTest, gives_roles_passwords_that_work_and_stay) {
    Bootstrap bootstrap(server->home());
    bootstrap.create_database();
    bootstrap.create_database();
    make_roles(*server);
    bootstrap.create_logins();
    bootstrap.set_defaults();
    const std::string password_file = read_file(server->home().user_pgpass());
    bootstrap.create_logins();
    bootstrap.set_defaults();
    EXPECT_EQ(read_file(server->home().user_pgpass()), password_file);

    const auto as = [](const char* role, const std::filesystem::path& file) {
        return server->sql("select current_user || ' ' || current_setting('search_path')", role,
                           "penstock", file);
    };
    EXPECT_EQ(as("penstock", server->home().user_pgpass()), "penstock penstock, public");
    EXPECT_EQ(as("penstock_owner", server->home().owner_pgpass()),
              "penstock_owner penstock, public");
    EXPECT_NE(as("penstock", "/dev/null").find("no password supplied"), std::string::npos);

    std::filesystem::remove(server->home().user_pgpass());
    bootstrap.create_logins();
    EXPECT_NE(read_file(server->home().user_pgpass()), password_file);
    EXPECT_EQ(as("penstock", server->home().user_pgpass()), "penstock penstock, public");
}

TEST_F(ClusterTest, keeps_passwords_out_of_the_log_and_stores_only_verifiers) {
    Bootstrap bootstrap(server->home());
    bootstrap.create_database();
    make_roles(*server);
    bootstrap.create_logins();
    const std::string line = read_file(server->home().user_pgpass());
    const std::string password = line.substr(line.rfind(':') + 1, 64);
    ASSERT_EQ(password.size(), 64U);
    EXPECT_EQ(read_file(server->cluster().log_file()).find(password), std::string::npos);
    EXPECT_EQ(server->sql("select rolpassword like 'SCRAM-SHA-256$%' from pg_authid "
                          "where rolname = 'penstock'"),
              "t");
}

TEST_F(ClusterTest, lets_users_neither_create_nor_use_temporary_tables) {
    Bootstrap bootstrap(server->home());
    bootstrap.create_database();
    make_roles(*server);
    bootstrap.create_logins();
    bootstrap.set_defaults();
    const auto run = [](const char* sql) {
        return server->sql(sql, "penstock", "penstock", server->home().user_pgpass());
    };
    EXPECT_NE(run("create schema mine").find("permission denied"), std::string::npos);
    EXPECT_NE(run("create table public.mine ()").find("permission denied"), std::string::npos);
    EXPECT_NE(run("create temp table mine ()").find("permission denied"), std::string::npos);
}

TEST(RandomPassword, has_256_bits_and_differs_each_time) {
    EXPECT_EQ(random_password().size(), 64U);
    EXPECT_NE(random_password(), random_password());
}

} // namespace
} // namespace penstock::cluster
