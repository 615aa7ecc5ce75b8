#include "cli/app.hpp"
#include "cli/database.hpp"
#include "cli/environment.hpp"
#include "cluster/bootstrap.hpp"
#include "query/executor.hpp"
#include "query/interrupt.hpp"
#include "query/valid_text.hpp"
#include "unit/controller/cluster/temporary_server.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <csignal>
#include <fstream>
#include <thread>

namespace penstock::cli {
namespace {

using testing_kit::TemporaryServer;

/// Exit code, standard output and standard error of one command line.
struct Ended {
    int exit_code = 0;
    std::string out;
    std::string err;
};

Ended penstock(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "penstock");
    std::vector<char*> argv;
    argv.reserve(arguments.size());
    for (std::string& argument : arguments) {
        argv.push_back(argument.data());
    }
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Ended result;
    result.exit_code = run(static_cast<int>(argv.size()), argv.data());
    result.out = testing::internal::GetCapturedStdout();
    result.err = testing::internal::GetCapturedStderr();
    return result;
}

/// The program against a real server with the real roles, but no extension.
class QueryRun : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        server = std::make_unique<TemporaryServer>();
        server->start();
        cluster::Bootstrap bootstrap(server->home());
        bootstrap.create_database();
        (void)server->sql("create role penstock_owner login", "postgres", "penstock");
        (void)server->sql("create role penstock_users", "postgres", "penstock");
        bootstrap.create_logins();
        bootstrap.set_defaults();
        ::setenv("PENSTOCK_HOME", server->home().root.c_str(), 1);
    }
    static void TearDownTestSuite() {
        ::unsetenv("PENSTOCK_HOME");
        server.reset();
    }
    static std::unique_ptr<TemporaryServer> server;
};
std::unique_ptr<TemporaryServer> QueryRun::server;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_F(QueryRun, prints_each_result_in_turn) {
    const Ended result =
        penstock({"query", "select 1 as a; select 2 as b", "select 3 as c", "--output", "csv"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, "a\n1\nb\n2\nc\n3\n");
    EXPECT_EQ(result.err, "3 statements: 3 succeeded\n");
}

TEST_F(QueryRun, keeps_types_in_json) {
    const Ended result = penstock(
        {"query", "--output", "json",
         "select 1::numeric(20,3) as n, array['a b', null]::text[] as t, array[1,2]::int8[] as i, "
         "'{\"k\": 1}'::jsonb as j, true as b, now() is null as b, 'infinity'::float8 as f, "
         "'(1,2)'::point as p, interval '1 day' as d"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_TRUE(contains(result.out, "{\"name\":\"n\",\"data_type\":\"numeric\"}")) << result.out;
    EXPECT_TRUE(contains(
        result.out, "{\"n\":1.000,\"t\":[\"a b\",null],\"i\":[1,2],\"j\":{\"k\": 1},\"b\":true,"
                    "\"b_2\":false,\"f\":\"Infinity\",\"p\":\"(1,2)\",\"d\":\"1 day\"}"))
        << result.out;
}

TEST_F(QueryRun, writes_domains_in_an_array_as_what_they_are_made_of) {
    for (const char* domain : {"d1 as int", "d2 as public.d1", "d3 as jsonb[]"}) {
        (void)server->sql(std::string("create domain public.") + domain, "postgres", "penstock");
    }
    const Ended result = penstock(
        {"query", "--output", "ndjson", "select array[1::d2] as d, array['{1,null}'::d3] as j"});
    EXPECT_EQ(result.out, "{\"d\":[1],\"j\":[[1,null]]}\n") << result.err;
}

TEST_F(QueryRun, goes_on_after_an_error_and_tells_by_its_exit_code) {
    const Ended result =
        penstock({"query", "--output", "csv", "--no-header", "select 1; select nothing; select 3"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.out, "1\n3\n");
    EXPECT_TRUE(contains(result.err, "ERROR:  column \"nothing\" does not exist\n"
                                     "LINE 1: select nothing\n"
                                     "               ^\n"))
        << result.err;
}

TEST_F(QueryRun, stops_at_an_error_when_told_to) {
    const Ended result = penstock(
        {"query", "--stop-on-error", "--output", "csv", "--no-header", "select 1/0; select 3"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.out, "");
}

TEST_F(QueryRun, names_file_and_line_of_an_error) {
    const std::filesystem::path file = server->home().root / "script.sql";
    {
        std::ofstream(file) << "select 1;\n\nselect 1/0;\n";
    }
    const Ended result = penstock({"query", file.string()});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_TRUE(contains(result.err, file.string() + ":3: ERROR:  division by zero")) << result.err;
}

TEST_F(QueryRun, closes_json_of_a_statement_that_fails_midway) {
    const Ended result =
        penstock({"query", "--output", "json", "select 1/(3-i) as x from generate_series(1,5) i"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_TRUE(contains(result.out, "\"error\":\"division by zero\"}")) << result.out;
}

TEST_F(QueryRun, shows_warnings_and_command_tags) {
    const Ended result = penstock({"query", "do $$begin raise warning 'careful'; end$$"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, "DO\n");
    EXPECT_EQ(result.err, "WARNING:  careful\n");
}

TEST_F(QueryRun, copies_out_but_not_in) {
    EXPECT_EQ(penstock({"query", "copy (select 1, 2) to stdout"}).out, "1\t2\nCOPY 1\n");
    const Ended in = penstock({"query", "create temp table t (a int); copy t from stdin"});
    EXPECT_EQ(in.exit_code, 1);
}

TEST_F(QueryRun, tells_wrong_arguments_apart) {
    EXPECT_EQ(penstock({"query", "--output", "xml", "select 1"}).exit_code, 2);
    EXPECT_TRUE(contains(penstock({"query", "--output", "xml", "select 1"}).err,
                         "table,csv,json,ndjson,line"));
    EXPECT_EQ(penstock({"query", "--separator", "ab", "select 1"}).exit_code, 2);
    EXPECT_EQ(penstock({"no_such_command"}).exit_code, 2);
    EXPECT_EQ(penstock({}).exit_code, 2);
    EXPECT_EQ(penstock({"--version"}).exit_code, 0);
    EXPECT_EQ(penstock({"query", "--help"}).exit_code, 0);
}

TEST_F(QueryRun, says_how_to_start_what_it_cannot_reach) {
    ::setenv("PENSTOCK_HOME", "/tmp/penstock_nowhere", 1);
    const Ended result = penstock({"query", "select 1"});
    ::setenv("PENSTOCK_HOME", server->home().root.c_str(), 1);
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_TRUE(contains(result.err, "could not connect to the Penstock service at "
                                     "\"/tmp/penstock_nowhere\""));
    EXPECT_TRUE(contains(result.err, "HINT:  Start it with: penstock service start"));
}

TEST_F(QueryRun, is_reported_when_its_session_is_ended) {
    const Ended result = penstock({"query", "select pg_terminate_backend(pg_backend_pid())"});
    EXPECT_EQ(result.exit_code, 3);
}

/// Sends us INT as soon as a backend is at work on a sleep.
void interrupt_when_asleep(const TemporaryServer& server) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(50);
    while (std::chrono::steady_clock::now() < deadline) {
        if (server.sql("select count(*) from pg_stat_activity where query = "
                       "'select pg_sleep(60)' and state = 'active'") == "1") {
            ::kill(::getpid(), SIGINT);
            return;
        }
    }
}

TEST_F(QueryRun, ends_within_a_second_of_an_interrupt) {
    std::chrono::steady_clock::time_point interrupted;
    std::thread user([&interrupted] {
        interrupt_when_asleep(*server);
        interrupted = std::chrono::steady_clock::now();
    });
    const Ended result = penstock({"query", "select pg_sleep(60)"});
    const auto ended = std::chrono::steady_clock::now();
    user.join();
    EXPECT_EQ(result.exit_code, 130);
    EXPECT_LT(ended - interrupted, std::chrono::seconds(1));
    EXPECT_TRUE(contains(result.err, "canceling statement due to user request")) << result.err;
}

TEST_F(QueryRun, sends_nothing_after_an_interrupt) {
    query::Session session(user_connection_string(server->home()));
    const query::InterruptGuard guard;
    ::raise(SIGINT);
    EXPECT_THROW(session.send("select 1", false), query::Interrupted);
    EXPECT_THROW((void)session.run("select 1"), query::Interrupted);
    EXPECT_EQ(PQtransactionStatus(session.handle()), PQTRANS_IDLE);
}

TEST_F(QueryRun, ends_quietly_when_its_reader_is_gone) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ::close(ends[0]);
    std::FILE* closed = ::fdopen(ends[1], "w");
    query::Session session(user_connection_string(server->home()));
    const query::InterruptGuard guard;
    query::RunOptions options;
    options.output.format = query::Format::kCsv;
    int error = 0;
    try {
        (void)query::run_scripts(session, {{"select generate_series(1, 100000)", ""}}, options,
                                 closed);
    } catch (const query::OutputClosed& output) {
        error = output.error;
    }
    std::fclose(closed);
    EXPECT_EQ(error, EPIPE);
}

TEST_F(QueryRun, prints_utf8_whatever_a_statement_makes_of_the_encoding) {
    for (const std::string& format : query::format_names()) {
        const Ended result = penstock({"query", "--output", format, "set client_encoding = latin1",
                                       "select 'caf\u00e9' as v"});
        std::string scratch;
        EXPECT_EQ(query::valid_text(result.out, scratch), result.out) << format << ": " << scratch;
        EXPECT_TRUE(contains(result.out, "caf")) << format << ": " << result.out;
    }
}

TEST_F(QueryRun, prints_no_bytes_of_a_database_without_encoding_that_are_not_utf8) {
    (void)server->sql("create database bytes template template0 encoding 'SQL_ASCII' "
                      "lc_collate 'C' lc_ctype 'C'");
    const cluster::Home& home = server->home();
    store_database(home, "dbname=bytes user=postgres host=" + home.server_socket_folder().string());
    const Ended bad = penstock({"query", "select e'caf\\xe9' as v", "--output", "csv"});
    const Ended good = penstock({"query", "select e'caf\\xc3\\xa9' as v", "--output", "csv"});
    forget_database(home);
    EXPECT_EQ(bad.exit_code, 1);
    EXPECT_TRUE(contains(bad.err, "invalid byte sequence for encoding \"UTF8\"")) << bad.err;
    EXPECT_EQ(good.out, "v\ncaf\u00e9\n");
}

TEST_F(QueryRun, finds_the_server_by_the_exports_of_service_env) {
    const Ended env = penstock({"service", "env"});
    EXPECT_EQ(env.exit_code, 0);
    const cluster::Outcome outcome =
        cluster::run_program({"/bin/sh", "-c",
                              env.out + (cluster::default_server_programs() / "psql").string() +
                                  " -XAtc 'select current_user, current_database()'"},
                             std::chrono::seconds(10));
    EXPECT_EQ(outcome.output, "penstock|penstock\n");
}

TEST_F(QueryRun, keeps_the_password_of_a_url_out_of_what_it_stores) {
    const cluster::Home& home = server->home();
    store_database(home,
                   "postgresql://me:s3cret@/penstock?host=" + home.server_socket_folder().string());
    const std::string stored = *stored_database(home);
    const std::string environment = environment_text(home);
    forget_database(home);
    EXPECT_FALSE(contains(stored, "s3cret")) << stored;
    EXPECT_FALSE(contains(environment, "s3cret")) << environment;
    EXPECT_TRUE(contains(environment, "export PGUSER='me'\n")) << environment;
    EXPECT_TRUE(contains(environment, "export PGPASSFILE=")) << environment;
    EXPECT_FALSE(stored_database(home).has_value());
    EXPECT_THROW(store_database(home, "postgresql://[bad"), Exception);
    // A passphrase has no file to go to: it would stand in penstockd's command line.
    EXPECT_THROW(store_database(home, "postgresql://me@/penstock?sslpassword=s3cret"), Exception);
    EXPECT_FALSE(stored_database(home).has_value());
}

TEST_F(QueryRun, status_tells_that_nothing_controls) {
    const Ended result = penstock({"service", "status", "--output", "json"});
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_TRUE(contains(result.out, "\"is_running\": false")) << result.out;
}

} // namespace
} // namespace penstock::cli
