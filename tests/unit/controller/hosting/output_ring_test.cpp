#include "hosting/output_ring.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace penstock::hosting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(OutputRing, gives_lines_when_their_end_arrives) {
    OutputRing ring;
    EXPECT_THAT(ring.append("one\ntw"), ElementsAre("one"));
    EXPECT_THAT(ring.append("o\n\nthree"), ElementsAre("two", ""));
    EXPECT_THAT(ring.last_lines(10), ElementsAre("one", "two", "three"));
}

TEST(OutputRing, keeps_the_newest_bytes_of_a_flood) {
    OutputRing ring(8);
    ring.append("0123456789\nabc\n");
    EXPECT_THAT(ring.last_lines(10), ElementsAre("789", "abc"));
}

TEST(OutputRing, gives_no_more_lines_than_asked_for) {
    OutputRing ring;
    ring.append("one\ntwo\nthree\n");
    EXPECT_THAT(ring.last_lines(2), ElementsAre("two", "three"));
    EXPECT_THAT(ring.last_lines(0), IsEmpty());
}

TEST(OutputRing, replaces_control_characters) {
    OutputRing ring;
    EXPECT_THAT(ring.append(std::string("a\x1b[31mb\0c\n", 10)), ElementsAre("a?[31mb?c"));
    EXPECT_THAT(ring.last_lines(1), ElementsAre("a?[31mb?c"));
}

} // namespace
} // namespace penstock::hosting
