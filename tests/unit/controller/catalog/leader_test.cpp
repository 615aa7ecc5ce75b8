#include "catalog/catalog.hpp"
#include "unit/controller/catalog/temporary_server.hpp"

#include <gmock/gmock.h>
#include <poll.h>

namespace penstock::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LeaderTest : public test::CatalogTest {
  protected:
    [[nodiscard]] Target owner() const { return {target("penstock_owner")}; }

    static Error error_of(const std::function<void()>& call) {
        try {
            call();
        } catch (const Exception& exception) {
            return exception.error();
        }
        ADD_FAILURE() << "nothing was thrown";
        return {};
    }

    static bool is_readable(int socket, int timeout_ms) {
        pollfd entry{socket, POLLIN, 0};
        return ::poll(&entry, 1, timeout_ms) == 1;
    }
};

TEST_F(LeaderTest, raises_the_epoch_at_every_start) {
    std::int64_t first = 0;
    {
        const Leader leader(owner());
        first = leader.epoch();
        EXPECT_EQ(value("select epoch from penstock.controller"), std::to_string(first));
        EXPECT_EQ(value("select pid from penstock.controller"), std::to_string(::getpid()));
    }
    // The server hears a moment later that the first has gone. These are the keys of its lock.
    (void)as_admin("select pg_advisory_xact_lock(1347638347, 1)");
    const Leader leader(owner());
    EXPECT_EQ(leader.epoch(), first + 1);
}

TEST_F(LeaderTest, refuses_a_second_leader_and_names_the_first) {
    const Leader leader(owner());
    const Error error = error_of([&] { const Leader second(owner()); });
    EXPECT_EQ(error.kind, ErrorKind::kLimit);
    EXPECT_THAT(error.detail, HasSubstr("penstockd"));
    EXPECT_EQ(value("select epoch from penstock.controller"), std::to_string(leader.epoch()));
}

TEST_F(LeaderTest, tells_the_uid_of_the_server) {
    const Leader leader(owner());
    const passwd* user = ::geteuid() == 0 ? ::getpwnam("postgres") : ::getpwuid(::geteuid());
    EXPECT_EQ(leader.server_uid(), std::int64_t{user->pw_uid});
}

TEST_F(LeaderTest, hands_out_requests_in_order_and_once) {
    Leader leader(owner());
    as_admin("insert into penstock.connection_state (connection_name) values ('prod')");
    as_admin("select penstock.refresh('prod')");
    as_admin("select penstock.refresh()");
    std::vector<std::string> requests;
    while (requests.size() < 2 && is_readable(leader.socket(), 5000)) {
        for (std::string& request : leader.take_requests().refreshes) {
            requests.push_back(std::move(request));
        }
    }
    EXPECT_THAT(requests, ElementsAre("prod", ""));
    EXPECT_TRUE(leader.take_requests().refreshes.empty());
}

TEST_F(LeaderTest, hears_which_tables_are_wanted) {
    Leader leader(owner());
    as_admin("insert into penstock.connection_state (connection_name) values ('prod')");
    as_admin("select penstock.load('prod')");
    std::vector<std::string> loads;
    while (loads.empty() && is_readable(leader.socket(), 5000)) {
        loads = leader.take_requests().loads;
    }
    EXPECT_THAT(loads, ElementsAre("prod"));
    EXPECT_TRUE(leader.take_requests().loads.empty());
}

TEST_F(LeaderTest, stays_lost_after_its_backend_is_gone) {
    Leader leader(owner());
    as_admin("select pg_terminate_backend(pid, 60000) from pg_stat_activity where usename = "
             "'penstock_owner'"); // and waits until it is gone
    // The server's last words may come before the end of the stream.
    const auto take_until_lost = [&] {
        while (is_readable(leader.socket(), 5000)) {
            (void)leader.take_requests();
        }
    };
    EXPECT_EQ(error_of(take_until_lost).kind, ErrorKind::kUnavailable);
    for (int call = 0; call < 5; ++call) {
        const Error error = error_of([&] { (void)leader.take_requests(); });
        EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
        EXPECT_TRUE(error.retryable);
    }
    EXPECT_EQ(value("select count(*) from pg_stat_activity where usename = 'penstock_owner'"), "0");
}

TEST_F(LeaderTest, says_how_to_get_a_missing_extension) {
    as_admin("delete from pg_extension where extname = 'penstock'");
    const Error error = error_of([&] { const Leader leader(owner()); });
    EXPECT_EQ(error.kind, ErrorKind::kNotFound);
    EXPECT_THAT(error.hint, HasSubstr("CREATE EXTENSION penstock"));
}

TEST_F(LeaderTest, says_which_version_it_found) {
    as_admin("set local allow_system_table_mods = on; update pg_extension set extversion = '0.9' "
             "where extname = 'penstock'");
    const Error error = error_of([&] { const Leader leader(owner()); });
    EXPECT_THAT(error.message, HasSubstr("0.9"));
    EXPECT_THAT(error.hint, HasSubstr("ALTER EXTENSION penstock UPDATE"));
}

TEST_F(LeaderTest, reports_a_server_that_is_not_there) {
    const Error error =
        error_of([] { const Leader leader(Target{"host=/nonexistent user=penstock_owner"}); });
    EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
    EXPECT_TRUE(error.retryable);
}

TEST_F(LeaderTest, continues_as_the_owner_when_a_superuser_logs_in) {
    const Leader leader(Target{target("postgres")});
    Session session(Target{target("postgres")}, leader.epoch());
    reconcile::DesiredConnection desired;
    desired.name = "prod";
    session.create_connections({desired});
    EXPECT_EQ(value("select pg_get_userbyid(nspowner) from pg_namespace where nspname = 'prod'"),
              "penstock_owner");
}

} // namespace
} // namespace penstock::catalog
