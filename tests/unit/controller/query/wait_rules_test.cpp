#include "query/wait_rules.hpp"

#include "penstock/types/error.hpp"

#include <gtest/gtest.h>

namespace penstock::query {
namespace {

using namespace std::chrono_literals;
using Action = Decision::Action;
using Kind = Missing::Kind;
using reconcile::State;

constexpr Missing kTable{Kind::kTable, false};
constexpr Missing kTableOfSchema{Kind::kTable, true};
constexpr Missing kColumn{Kind::kColumn, false};

Connection connection(const std::string& name, State state, const std::string& plugin = "p") {
    Connection made;
    made.name = name;
    made.state = state;
    made.error = state == State::kError ? "the reason" : "";
    made.plugin = plugin;
    made.generation = 7;
    made.unchanged_for = 1h;
    return made;
}

Connection just_now(const std::string& name) {
    Connection made = connection(name, State::kReady);
    made.unchanged_for = kJustNow - 1ms;
    return made;
}

Connection lazy(const std::string& name) {
    Connection made = connection(name, State::kReady);
    made.is_imported = false;
    return made;
}

Connection dynamic(Connection made) {
    made.is_dynamic = true;
    return made;
}

Scene named(std::vector<Connection> connections) {
    return {.named = std::move(connections), .on_path = {}};
}

Scene on_path(std::vector<Connection> connections) {
    return {.named = {}, .on_path = std::move(connections)};
}

std::vector<std::string> names(const std::vector<Connection>& connections) {
    std::vector<std::string> found;
    for (const Connection& one : connections) {
        found.push_back(one.name);
    }
    return found;
}

using Names = std::vector<std::string>;

TEST(WithASchema, an_unknown_connection_gives_the_error_itself) {
    EXPECT_EQ(decide(kTableOfSchema, named({}), {}).action, Action::kGiveUp);
}

TEST(WithASchema, a_disabled_or_vanishing_connection_gives_the_error_itself) {
    for (const State state : {State::kDisabled, State::kDeleting}) {
        EXPECT_EQ(decide(kTableOfSchema, named({connection("a", state)}), {}).action,
                  Action::kGiveUp);
    }
}

TEST(WithASchema, a_connection_in_error_gives_its_error) {
    const Decision decision = decide(kTableOfSchema, named({connection("a", State::kError)}), {});
    EXPECT_EQ(decision.action, Action::kBlame);
    EXPECT_EQ(names(decision.connections), Names{"a"});
}

TEST(WithASchema, a_connection_ready_for_long_gives_the_error_itself) {
    EXPECT_EQ(decide(kTableOfSchema, named({connection("a", State::kReady)}), {}).action,
              Action::kGiveUp);
}

TEST(WithASchema, a_connection_ready_just_now_is_tried_again) {
    EXPECT_EQ(decide(kTableOfSchema, named({just_now("a")}), {}).action, Action::kRetry);
}

TEST(WithASchema, a_connection_ready_just_now_is_tried_only_once) {
    EXPECT_EQ(decide(kTableOfSchema, named({just_now("a")}), {{"a", 7}}).action, Action::kGiveUp);
}

TEST(WithASchema, a_connection_that_changed_since_the_last_attempt_is_tried_again_however_late) {
    EXPECT_EQ(decide(kTableOfSchema, named({connection("a", State::kReady)}), {{"a", 6}}).action,
              Action::kRetry);
}

TEST(WithASchema, a_pending_or_updating_connection_is_waited_for) {
    for (const State state : {State::kPending, State::kUpdating}) {
        const Decision decision = decide(kTableOfSchema, named({connection("a", state)}), {});
        EXPECT_EQ(decision.action, Action::kWait);
        EXPECT_EQ(names(decision.connections), Names{"a"});
    }
}

TEST(WithASchema, a_lazy_connection_is_waited_for) {
    EXPECT_EQ(decide(kTableOfSchema, named({lazy("a")}), {}).action, Action::kWait);
}

TEST(WithASchema, a_lazy_connection_that_does_not_offer_the_table_gives_the_error_itself) {
    Connection connection = lazy("a");
    connection.may_offer = false;
    EXPECT_EQ(decide(kTableOfSchema, named({connection}), {}).action, Action::kGiveUp);
}

TEST(WithASchema, of_several_connections_one_that_may_still_bring_it_comes_first) {
    const Connection error = connection("a", State::kError);
    EXPECT_EQ(decide(kTableOfSchema, named({error, connection("b", State::kUpdating)}), {}).action,
              Action::kWait);
    EXPECT_EQ(decide(kTableOfSchema, named({error, just_now("b")}), {}).action, Action::kRetry);
    EXPECT_EQ(decide(kTableOfSchema, named({error, connection("b", State::kReady)}), {}).action,
              Action::kBlame);
}

TEST(WithoutASchema, all_connections_ready_give_the_error_itself) {
    EXPECT_EQ(decide(kTable, on_path({}), {}).action, Action::kGiveUp);
    EXPECT_EQ(decide(kTable,
                     on_path({connection("a", State::kReady), connection("b", State::kReady, "q")}),
                     {})
                  .action,
              Action::kGiveUp);
}

TEST(WithoutASchema, the_first_connection_of_each_plugin_is_waited_for) {
    const Decision decision = decide(
        kTable,
        on_path({connection("a", State::kPending), connection("b", State::kPending),
                 connection("c", State::kUpdating, "q"), connection("d", State::kReady, "r")}),
        {});
    EXPECT_EQ(decision.action, Action::kWait);
    EXPECT_EQ(names(decision.connections), (Names{"a", "c"}));
}

TEST(WithoutASchema, a_second_connection_of_a_static_plugin_is_not_waited_for) {
    EXPECT_EQ(decide(kTable,
                     on_path({connection("a", State::kReady), connection("b", State::kPending)}),
                     {})
                  .action,
              Action::kGiveUp);
}

TEST(WithoutASchema, all_connections_of_a_dynamic_plugin_are_waited_for) {
    // The second one was never seen, so its row does not say yet that it is dynamic.
    const Decision decision =
        decide(kTable,
               on_path({dynamic(connection("a", State::kReady)), connection("b", State::kPending),
                        connection("c", State::kUpdating)}),
               {});
    EXPECT_EQ(decision.action, Action::kWait);
    EXPECT_EQ(names(decision.connections), (Names{"b", "c"}));
}

TEST(WithoutASchema, a_disabled_connection_is_not_the_first_of_its_plugin) {
    const Decision decision = decide(
        kTable, on_path({connection("a", State::kDisabled), connection("b", State::kPending)}), {});
    EXPECT_EQ(names(decision.connections), Names{"b"});
}

TEST(WithoutASchema, a_first_connection_in_error_is_named_beside_the_error) {
    const Decision decision = decide(
        kTable, on_path({connection("a", State::kError), connection("b", State::kReady)}), {});
    EXPECT_EQ(decision.action, Action::kSuspect);
    EXPECT_EQ(names(decision.connections), Names{"a"});
}

TEST(WithoutASchema, a_plugin_in_error_does_not_keep_others_from_being_waited_for) {
    EXPECT_EQ(
        decide(kTable,
               on_path({connection("a", State::kError), connection("b", State::kPending, "q")}), {})
            .action,
        Action::kWait);
}

TEST(WithoutASchema, a_connection_ready_just_now_is_tried_again) {
    EXPECT_EQ(decide(kTable, on_path({just_now("a")}), {}).action, Action::kRetry);
}

TEST(WithoutASchema, lazy_connections_that_do_not_offer_the_table_load_nothing) {
    Connection connection = dynamic(lazy("a"));
    connection.may_offer = false;
    EXPECT_EQ(decide(kTable, on_path({connection}), {}).action, Action::kGiveUp);
}

TEST(AMissingColumn, of_a_dynamic_connection_that_is_updating_is_waited_for) {
    EXPECT_EQ(decide(kColumn, named({dynamic(connection("a", State::kUpdating))}), {}).action,
              Action::kWait);
}

TEST(AMissingColumn, of_a_dynamic_connection_follows_the_rules_of_a_table) {
    EXPECT_EQ(decide(kColumn, named({dynamic(connection("a", State::kReady))}), {}).action,
              Action::kGiveUp);
    EXPECT_EQ(decide(kColumn, named({dynamic(just_now("a"))}), {}).action, Action::kRetry);
    EXPECT_EQ(decide(kColumn, named({dynamic(connection("a", State::kError))}), {}).action,
              Action::kBlame);
}

TEST(AMissingColumn, of_a_static_connection_gives_the_error_itself) {
    EXPECT_EQ(decide(kColumn, named({connection("a", State::kUpdating)}), {}).action,
              Action::kGiveUp);
}

TEST(ASearchPath, goes_ahead_when_the_deciding_connections_are_ready) {
    EXPECT_EQ(decide_for_path(on_path({})).action, Action::kRetry);
    EXPECT_EQ(
        decide_for_path(on_path({connection("a", State::kReady), connection("b", State::kPending)}))
            .action,
        Action::kRetry);
}

TEST(ASearchPath, waits_for_the_deciding_connections) {
    const Decision decision = decide_for_path(
        on_path({connection("a", State::kPending), dynamic(connection("b", State::kReady, "q")),
                 dynamic(connection("c", State::kUpdating, "q")), lazy("d")}));
    EXPECT_EQ(decision.action, Action::kWait);
    EXPECT_EQ(names(decision.connections), (Names{"a", "c"}));
}

TEST(ASearchPath, gives_the_error_of_a_deciding_connection_at_once) {
    const Decision decision = decide_for_path(
        on_path({connection("a", State::kPending), connection("b", State::kError, "q")}));
    EXPECT_EQ(decision.action, Action::kBlame);
    EXPECT_EQ(names(decision.connections), Names{"b"});
}

TEST(TheLineOfAWait, names_what_is_waited_for_and_counts_what_is_ready) {
    Scene scene;
    scene.ready_count = 212;
    scene.total_count = 480;
    EXPECT_EQ(describe_wait({connection("aws", State::kUpdating)}, scene),
              "connection aws: updating, 212 of 480 ready");
    EXPECT_EQ(describe_wait({connection("a", State::kPending), lazy("b"),
                             connection("c", State::kUpdating), connection("d", State::kPending),
                             connection("e", State::kPending)},
                            scene),
              "connections a: pending, b: not imported yet, c: updating and 2 more, "
              "212 of 480 ready");
}

TEST(TheStateOfAConnection, is_one_of_those_of_the_table) {
    for (const State state : {State::kPending, State::kUpdating, State::kReady, State::kError,
                              State::kDeleting, State::kDisabled}) {
        EXPECT_EQ(connection_state_from_text(reconcile::name_of(state)), state);
    }
    EXPECT_THROW((void)connection_state_from_text("asleep"), Exception);
}

} // namespace
} // namespace penstock::query
