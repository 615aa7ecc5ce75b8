#include "hosting/pulse.hpp"

#include <gtest/gtest.h>

namespace penstock::hosting {
namespace {

using std::chrono::milliseconds;

TEST(Pulse, is_lost_after_the_third_beat_without_an_answer) {
    Pulse pulse(milliseconds(300));
    EXPECT_FALSE(pulse.is_lost(7)); // the first ping goes out
    EXPECT_FALSE(pulse.is_lost(7));
    EXPECT_FALSE(pulse.is_lost(7));
    EXPECT_TRUE(pulse.is_lost(7));
}

TEST(Pulse, is_not_lost_by_one_that_answers_late) {
    Pulse pulse(milliseconds(300));
    std::uint64_t heard = 0;
    for (int beat = 0; beat < 100; ++beat) {
        heard += beat % 3 == 2 ? 1 : 0; // two silent beats, then all answers at once
        EXPECT_FALSE(pulse.is_lost(heard)) << beat;
    }
}

TEST(Pulse, beats_at_the_same_instants_whenever_it_began) {
    const Pulse pulse(milliseconds(30'000));
    const Pulse::TimePoint start{std::chrono::hours(5)};
    for (const milliseconds later : {milliseconds(0), milliseconds(1), milliseconds(9'999)}) {
        EXPECT_EQ(pulse.next_beat(start + later), start + milliseconds(10'000));
    }
    EXPECT_EQ(pulse.next_beat(start + milliseconds(10'000)), start + milliseconds(20'000));
}

} // namespace
} // namespace penstock::hosting
