#include "reconcile/state.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

namespace penstock::reconcile {
namespace {

constexpr State kStates[] = {State::kPending, State::kUpdating, State::kReady,
                             State::kError,   State::kDeleting, State::kDisabled};

TEST(State, names_go_there_and_back) {
    std::set<std::string> names;
    for (const State state : kStates) {
        EXPECT_EQ(state_from_text(name_of(state)), state);
        names.insert(name_of(state));
    }
    EXPECT_EQ(names, (std::set<std::string>{"pending", "updating", "ready", "error", "deleting",
                                            "disabled"}));
    EXPECT_EQ(state_from_text("Ready"), std::nullopt);
    EXPECT_EQ(state_from_text(""), std::nullopt);
}

TEST(State, a_row_starts_pending_and_ends_deleting) {
    for (const State state : kStates) {
        EXPECT_EQ(is_legal(std::nullopt, state), state == State::kPending) << name_of(state);
        EXPECT_EQ(is_legal(state, std::nullopt), state == State::kDeleting) << name_of(state);
    }
}

TEST(State, only_these_changes_are_illegal) {
    const std::set<std::pair<State, State>> illegal = {
        {State::kError, State::kReady},       {State::kDeleting, State::kUpdating},
        {State::kDeleting, State::kReady},    {State::kDeleting, State::kError},
        {State::kDisabled, State::kUpdating}, {State::kDisabled, State::kReady},
        {State::kDisabled, State::kError},
    };
    for (const State from : kStates) {
        for (const State to : kStates) {
            EXPECT_EQ(is_legal(from, to), !illegal.contains({from, to}))
                << name_of(from) << " to " << name_of(to);
        }
    }
}

} // namespace
} // namespace penstock::reconcile
