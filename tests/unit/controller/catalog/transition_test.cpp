#include "unit/controller/catalog/session_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <poll.h>

#include <map>

namespace penstock::catalog {
namespace {

using reconcile::State;
using test::make_column;
using test::make_desired;
using test::make_table;
using ::testing::ElementsAre;

constexpr State kStates[] = {State::kPending, State::kUpdating, State::kReady,
                             State::kError,   State::kDeleting, State::kDisabled};

/// Collects what arrives on channel connection_state.
class Listener : public pqxx::notification_receiver {
  public:
    explicit Listener(pqxx::connection& connection)
        : pqxx::notification_receiver(connection, "connection_state"), session_(connection) {}
    void operator()(const std::string& payload, int /*backend_pid*/) override {
        payloads_.push_back(payload);
    }

    /// Everything that was sent before this call: a mark of our own, sent last, comes last.
    std::vector<std::string> take(const std::function<void(const std::string&)>& as_admin) {
        as_admin("select pg_notify('connection_state', 'mark')");
        while (payloads_.empty() || payloads_.back() != "mark") {
            pollfd entry{session_.sock(), POLLIN, 0};
            if (session_.get_notifs() == 0 && ::poll(&entry, 1, 5000) != 1) {
                ADD_FAILURE() << "no mark";
                break;
            }
        }
        payloads_.pop_back();
        return std::exchange(payloads_, {});
    }

  private:
    pqxx::connection& session_;
    std::vector<std::string> payloads_;
};

class TransitionTest : public test::SessionTest {
  protected:
    void SetUp() override {
        SessionTest::SetUp();
        listening_ = std::make_unique<pqxx::connection>(target("postgres"));
        listener_ = std::make_unique<Listener>(*listening_);
    }
    void TearDown() override {
        listener_.reset();
        listening_.reset();
        SessionTest::TearDown();
    }

    /// "from>to" of each notification since the last call, "-" for no row.
    std::vector<std::string> heard() {
        std::vector<std::string> result;
        for (const std::string& payload :
             listener_->take([this](const std::string& sql) { as_admin(sql); })) {
            const auto json = nlohmann::json::parse(payload);
            const auto text = [&](const char* key) {
                return json[key].is_null() ? "-" : json[key].get<std::string>();
            };
            result.push_back(text("from") + ">" + text("to"));
            generations_.push_back(json["generation"].get<std::int64_t>());
            last_payload_ = payload;
        }
        return result;
    }

    static std::string literal(State state) {
        return std::string{"'"} + reconcile::name_of(state) + "'";
    }

    /// A state, and an error where there has to be one, for SET.
    static std::string values(State state) {
        return "state = " + literal(state) +
               ", error = " + (state == State::kError ? "'x'" : "null");
    }

    bool trigger_allows(State from, const std::string& change) {
        // Puts the row where the test wants it, past the trigger.
        as_admin("set local session_replication_role = replica; delete from "
                 "penstock.connection_state; insert into penstock.connection_state "
                 "(connection_name) values ('x'); update penstock.connection_state set " +
                 values(from));
        try {
            as_admin(change);
            return true;
        } catch (const pqxx::sql_error& error) {
            EXPECT_EQ(error.sqlstate(), "23514");
            return false;
        }
    }

    std::vector<std::int64_t> generations_;
    std::string last_payload_;

  private:
    std::unique_ptr<pqxx::connection> listening_;
    std::unique_ptr<Listener> listener_;
};

TEST_F(TransitionTest, the_trigger_and_is_legal_agree_on_every_pair) {
    for (const State from : kStates) {
        EXPECT_EQ(value("select count(*) from penstock.transition where from_state is null and "
                        "to_state = " +
                        literal(from)) == "1",
                  reconcile::is_legal(std::nullopt, from));
        EXPECT_EQ(trigger_allows(from, "delete from penstock.connection_state"),
                  reconcile::is_legal(from, std::nullopt))
            << reconcile::name_of(from);
        for (const State to : kStates) {
            EXPECT_EQ(trigger_allows(from, "update penstock.connection_state set " + values(to)),
                      reconcile::is_legal(from, to))
                << reconcile::name_of(from) << " to " << reconcile::name_of(to);
        }
    }
}

TEST_F(TransitionTest, one_notification_for_each_transition_of_a_whole_life) {
    import("prod", {make_table("t", {make_column("x")})});
    EXPECT_THAT(heard(), ElementsAre("->pending", "pending>updating", "updating>ready"));
    EXPECT_EQ(last_payload_, "{\"connection\":\"prod\",\"from\":\"updating\",\"to\":\"ready\","
                             "\"generation\":" +
                                 std::to_string(generations_.back()) + "}");
    EXPECT_EQ(value("select generation from penstock.connection_state"),
              std::to_string(generations_.back()));
    session().change_states({{.connection = "prod", .to = State::kError, .error = "x"}});
    session().change_states({{.connection = "prod", .to = State::kError, .error = "y"}});
    session().update_rows({make_desired("prod")});
    session().apply_comments("prod", {make_table("t", {make_column("x")}, "text")});
    EXPECT_THAT(heard(), ElementsAre("ready>error")); // other columns are no transition
    ASSERT_TRUE(session().drop_connection("prod", true));
    session().change_states({{.connection = "prod", .to = State::kPending}});
    session().change_states({{.connection = "prod", .to = State::kDeleting}});
    ASSERT_TRUE(session().drop_connection("prod", false));
    EXPECT_THAT(heard(), ElementsAre("error>disabled", "disabled>pending", "pending>deleting",
                                     "deleting>-"));
    EXPECT_TRUE(std::is_sorted(generations_.begin(), generations_.end()));
    EXPECT_EQ(std::adjacent_find(generations_.begin(), generations_.end()), generations_.end());
}

TEST_F(TransitionTest, many_connections_at_once_are_many_notifications) {
    std::vector<reconcile::DesiredConnection> connections;
    for (int index = 0; index < 100; ++index) {
        connections.push_back(make_desired("c" + std::to_string(index)));
    }
    session().create_connections(connections);
    EXPECT_EQ(heard().size(), 100U);
    session().reset_to_pending();
    EXPECT_EQ(heard().size(), 0U); // they are pending already
}

TEST_F(TransitionTest, what_is_rolled_back_is_not_heard) {
    session().create_connections({make_desired("a"), make_desired("b")});
    (void)heard();
    EXPECT_THROW(session().change_states({{.connection = "a", .to = State::kUpdating},
                                          {.connection = "b", .to = State::kError}}),
                 Exception); // an error without a text
    EXPECT_TRUE(heard().empty());
    EXPECT_EQ(state_of("a"), "pending");
}

TEST_F(TransitionTest, the_longest_name_fits_into_a_notification) {
    const std::string name(1000, '\x01'); // six bytes each in JSON
    session().create_connections({make_desired(name)});
    EXPECT_THAT(heard(), ElementsAre("->pending", "pending>error"));
    EXPECT_LT(last_payload_.size(), 8000U);
}

TEST_F(TransitionTest, rows_cannot_be_renamed_truncated_or_made_in_another_state) {
    session().create_connections({make_desired("a")});
    const auto sqlstate_of_try = [&](const std::string& sql) {
        try {
            as_admin(sql);
        } catch (const pqxx::sql_error& error) {
            return error.sqlstate();
        }
        return std::string{"none"};
    };
    EXPECT_EQ(sqlstate_of_try("update penstock.connection_state set connection_name = 'b'"),
              "23514");
    EXPECT_EQ(sqlstate_of_try("truncate penstock.connection_state"), "23514");
    EXPECT_EQ(
        sqlstate_of_try("insert into penstock.connection_state (connection_name, state) values "
                        "('b', 'ready')"),
        "23514");
    as_admin("update penstock.connection_state set generation = 0");
    EXPECT_NE(value("select generation from penstock.connection_state"), "0");
}

} // namespace
} // namespace penstock::catalog
