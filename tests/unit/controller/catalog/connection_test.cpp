#include "catalog/connection.hpp"
#include "unit/controller/catalog/temporary_server.hpp"

namespace penstock::catalog {
namespace {

class ConnectionTest : public test::CatalogTest {
  protected:
    static Error error_of(Connection& connection, const std::string& sql) {
        try {
            connection.transact([&](pqxx::work& work) { exec(work, sql); });
        } catch (const Exception& exception) {
            return exception.error();
        }
        ADD_FAILURE() << "nothing was thrown";
        return {};
    }
};

/// libpqxx has classes for some SQLSTATEs, and not all of them keep it.
TEST_F(ConnectionTest, every_error_keeps_its_sqlstate_and_text) {
    Connection connection(Target{target("postgres")});
    for (const char* state :
         {"0A000", "22000", "23505", "23514", "40000", "40001", "40P01", "42501", "42601", "42P01",
          "2BP01", "53100", "53200", "55P03", "57014", "P0001", "XX000"}) {
        const Error error = error_of(
            connection, std::string{"do $$ begin raise exception 'words' using errcode = '"} +
                            state + "', detail = 'More.', hint = 'Do it.'; end $$");
        EXPECT_EQ(error.sqlstate, state);
        EXPECT_EQ(error.message, "words") << state;
        EXPECT_EQ(error.detail, "More.") << state;
        EXPECT_EQ(error.hint, "Do it.") << state;
    }
}

TEST_F(ConnectionTest, a_deadlock_may_be_tried_again) {
    Connection connection(Target{target("postgres")});
    for (const char* state : {"40001", "40P01", "55P03"}) {
        const Error error =
            error_of(connection, std::string{"do $$ begin raise exception 'x' using errcode = '"} +
                                     state + "'; end $$");
        EXPECT_TRUE(is_lock_conflict(error) && error.retryable) << state;
    }
}

TEST_F(ConnectionTest, works_with_our_settings) {
    Connection connection(Target{target("postgres")});
    connection.transact([](pqxx::work& work) {
        EXPECT_EQ(exec(work, "show search_path")[0][0].as<std::string>(), "pg_catalog");
        EXPECT_EQ(exec(work, "show lock_timeout")[0][0].as<std::string>(), "300ms");
        EXPECT_EQ(exec(work, "show statement_timeout")[0][0].as<std::string>(), "1min");
        EXPECT_EQ(exec(work, "show idle_in_transaction_session_timeout")[0][0].as<std::string>(),
                  "10s");
        EXPECT_EQ(exec(work, "show application_name")[0][0].as<std::string>(), "penstockd");
    });
}

/// A controller that loses its session while it begins to lead tries again; a foreign exception
/// ended it.
TEST_F(ConnectionTest, a_session_that_is_lost_before_it_listens_is_unavailable) {
    Connection connection(Target{target("postgres")});
    const std::unique_ptr<Channel> before = connection.listen("before");
    as_admin(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = "
        "'penstockd'");
    for (int call = 0; call < 2; ++call) {
        try {
            const std::unique_ptr<Channel> after = connection.listen("after");
            ADD_FAILURE() << "nothing was thrown";
        } catch (const Exception& exception) {
            EXPECT_EQ(exception.error().kind, ErrorKind::kUnavailable);
        }
    }
}

} // namespace
} // namespace penstock::catalog
