#include "hosting/restart_policy.hpp"

#include <gtest/gtest.h>

namespace penstock::hosting {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

RestartPolicy::TimePoint at(milliseconds since_start) {
    return RestartPolicy::TimePoint(std::chrono::hours(1) + since_start);
}

TEST(RestartPolicy, doubles_the_delay) {
    RestartPolicy policy;
    EXPECT_EQ(policy.note_exit(at(seconds(0)), at(seconds(20))), milliseconds(100));
    EXPECT_EQ(policy.note_exit(at(seconds(21)), at(seconds(41))), milliseconds(200));
    EXPECT_EQ(policy.note_exit(at(seconds(42)), at(seconds(62))), milliseconds(400));
}

TEST(RestartPolicy, never_waits_longer_than_a_minute) {
    RestartPolicy policy;
    milliseconds delay{0};
    for (int exit = 0; exit < 15; ++exit) {
        delay = policy.note_exit(at(seconds(exit * 60)), at(seconds(exit * 60 + 30))).value();
    }
    EXPECT_EQ(delay, seconds(60));
}

TEST(RestartPolicy, gives_up_at_five_exits_within_a_minute) {
    RestartPolicy policy;
    for (int exit = 0; exit < 4; ++exit) {
        EXPECT_TRUE(policy.note_exit(at(seconds(exit)), at(seconds(exit))).has_value());
    }
    EXPECT_FALSE(policy.note_exit(at(seconds(5)), at(seconds(5))).has_value());
    policy.reset();
    EXPECT_EQ(policy.note_exit(at(seconds(6)), at(seconds(6))), milliseconds(100));
}

TEST(RestartPolicy, forgives_after_a_run_of_a_minute) {
    RestartPolicy policy;
    for (int exit = 0; exit < 4; ++exit) {
        ASSERT_TRUE(policy.note_exit(at(seconds(exit)), at(seconds(exit))).has_value());
    }
    EXPECT_EQ(policy.note_exit(at(seconds(4)), at(seconds(64))), milliseconds(100));
}

TEST(RestartPolicy, never_gives_up_for_a_shortage) {
    RestartPolicy policy;
    EXPECT_EQ(policy.note_shortage(), milliseconds(100));
    EXPECT_EQ(policy.note_shortage(), milliseconds(200));
    milliseconds delay{0};
    for (int start = 0; start < 20; ++start) {
        delay = policy.note_shortage();
    }
    EXPECT_EQ(delay, seconds(5));
    EXPECT_EQ(policy.note_exit(at(seconds(0)), at(seconds(0))), milliseconds(100));
    EXPECT_EQ(policy.note_shortage(), milliseconds(100));
}

} // namespace
} // namespace penstock::hosting
