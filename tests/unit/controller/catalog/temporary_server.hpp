#pragma once

#include "support/source_folder.hpp"

#include <gtest/gtest.h>
#include <pqxx/pqxx>

#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

/// One PostgreSQL for the whole test program, on a socket in a folder of its own under /tmp, gone
/// when the program ends. As root it runs as user postgres, because PostgreSQL refuses root.
namespace penstock::test {

class TemporaryServer {
  public:
    explicit TemporaryServer(std::string options = {}) : options_(std::move(options)) {
        std::array<char, 32> name{"/tmp/penstock-test-XXXXXX"};
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("could not make a temporary folder");
        }
        folder_ = name.data();
        if (::geteuid() == 0) {
            const passwd* user = ::getpwnam("postgres");
            if (user == nullptr || ::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
                throw std::runtime_error("needs the user \"postgres\" to run a server as root");
            }
        }
        bin_ = first_line_of("pg_config --bindir");
        const auto password_file = folder_ / "password";
        std::ofstream(password_file) << kPassword << '\n';
        run({bin_ + "/initdb", "-N", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres", "-A",
             "scram-sha-256", "--pwfile=" + password_file.string(), "-D", data()});
        start();
    }

    ~TemporaryServer() {
        try {
            run({bin_ + "/pg_ctl", "-D", data(), "-m", "immediate", "-w", "stop"});
        } catch (const std::exception& error) {
            std::fprintf(stderr, "could not stop the server: %s\n", error.what());
        }
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    TemporaryServer(const TemporaryServer&) = delete;
    TemporaryServer& operator=(const TemporaryServer&) = delete;

    void start() {
        run({bin_ + "/pg_ctl", "-D", data(), "-l", (folder_ / "log").string(), "-w", "-o",
             "-c listen_addresses='' -c unix_socket_directories=" + folder_.string() +
                 " -c fsync=off -c max_connections=40" + options_,
             "start"});
    }

    [[nodiscard]] std::string target(const std::string& user, const std::string& database) const {
        return "host=" + folder_.string() + " user=" + user + " dbname=" + database +
               " password=" + kPassword;
    }

    static TemporaryServer& instance() {
        static TemporaryServer server;
        return server;
    }

    static constexpr const char* kPassword = "for-tests-only";

  private:
    [[nodiscard]] std::string data() const { return (folder_ / "data").string(); }

    static std::string first_line_of(const char* command) {
        const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command, "r"), ::pclose);
        std::array<char, 512> line{};
        if (pipe == nullptr || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) {
            throw std::runtime_error(std::string{command} + " gave nothing");
        }
        std::string text = line.data();
        text.erase(text.find_last_not_of('\n') + 1);
        return text;
    }

    /// Runs a program as the server's user, its output into a file of the folder.
    void run(const std::vector<std::string>& command) const {
        const std::string output = (folder_ / "output").string();
        const pid_t child = ::fork();
        if (child == 0) {
            if (::freopen("/dev/null", "r", stdin) == nullptr ||
                ::freopen(output.c_str(), "a", stdout) == nullptr ||
                ::dup2(STDOUT_FILENO, STDERR_FILENO) < 0 || ::chdir("/") != 0) {
                ::_exit(126);
            }
            become_server_user();
            std::vector<char*> arguments;
            for (const std::string& argument : command) {
                arguments.push_back(const_cast<char*>(argument.c_str()));
            }
            arguments.push_back(nullptr);
            ::execv(arguments[0], arguments.data());
            ::_exit(127);
        }
        int status = 0;
        if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) {
            throw std::runtime_error(command[0] + " failed, see " + output);
        }
    }

    static void become_server_user() {
        if (::geteuid() != 0) {
            return;
        }
        const passwd* user = ::getpwnam("postgres");
        if (user == nullptr || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0) {
            ::_exit(125);
        }
    }

    std::string options_; ///< more of them for the command line, each with a blank before it
    std::filesystem::path folder_;
    std::string bin_;
};

/// The text of the extension's script without what needs penstock.so or CREATE EXTENSION. DDL on
/// foreign tables works without a handler; only a scan would ask for it.
inline std::string script_without_module() {
    const auto path = testing::source_folder() / "sql/penstock--1.0.sql";
    std::ifstream file(path);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.empty()) {
        throw std::runtime_error("could not read " + path.string());
    }
    const std::vector<const char*> left_out = {
        R"(\\echo[^\n]*\n)", R"(select pg_catalog\.pg_extension_config_dump[^;]*;)",
        R"(create function penstock\.penstock_fdw_(handler|validator)\([^;]*;)",
        R"(\n    handler [^\n]*\n    validator [^\n;]*)",
        R"((comment on|revoke all on) function penstock\.penstock_fdw_[^;]*;)"};
    for (const char* pattern : left_out) {
        text = std::regex_replace(text, std::regex(pattern), "");
    }
    // Any other C function becomes one of the server's that does nothing and returns 0.
    text =
        std::regex_replace(text, std::regex(R"(language c\b([^;]*) as 'MODULE_PATHNAME', '\w+')"),
                           "language internal$1 as 'pg_stat_clear_snapshot'");
    return "create schema penstock;" + text;
}

/// A database of its own for each test, with the extension's objects in it.
class CatalogTest : public ::testing::Test {
  protected:
    void SetUp() override {
        static int number = 0;
        database_ = "test_" + std::to_string(++number);
        run_alone(server().target("postgres", "postgres"), "create database " + database_);
        admin_ = std::make_unique<pqxx::connection>(server().target("postgres", database_));
        as_admin(script_without_module());
        as_admin(std::string{"alter role penstock_owner password '"} + TemporaryServer::kPassword +
                 "'");
        // What CREATE EXTENSION would have left behind, so that Leader finds it.
        as_admin("set local allow_system_table_mods = on; insert into pg_extension (oid, extname, "
                 "extowner, extnamespace, extrelocatable, extversion) select 99999, 'penstock', "
                 "10, oid, false, '1.0' from pg_namespace where nspname = 'penstock'");
    }

    void TearDown() override {
        admin_.reset();
        run_alone(server().target("postgres", "postgres"),
                  "drop database " + database_ + " with (force)");
    }

    /// A test that needs another kind of server has its own.
    [[nodiscard]] virtual TemporaryServer& server() const { return TemporaryServer::instance(); }

    [[nodiscard]] std::string target(const std::string& user) const {
        return server().target(user, database_);
    }

    /// One transaction of the superuser.
    pqxx::result as_admin(const std::string& sql) {
        pqxx::work work{*admin_};
        auto result = work.exec(sql);
        work.commit();
        return result;
    }

    /// The first field of the first row, as text; "<none>" without a row, "<null>" for a null.
    std::string value(const std::string& sql) {
        const auto rows = as_admin(sql);
        if (rows.empty()) {
            return "<none>";
        }
        return rows[0][0].is_null() ? "<null>" : rows[0][0].as<std::string>();
    }

    static void run_alone(const std::string& target, const std::string& sql) {
        pqxx::connection connection{target};
        pqxx::nontransaction work{connection};
        work.exec(sql);
    }

    pqxx::connection& admin() { return *admin_; }

  private:
    std::string database_;
    std::unique_ptr<pqxx::connection> admin_;
};

} // namespace penstock::test
