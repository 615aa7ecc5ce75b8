#include "cli/duration.hpp"

#include "penstock/types/error.hpp"

#include <gtest/gtest.h>

namespace penstock::cli {
namespace {

using namespace std::chrono_literals;

TEST(Duration, has_a_unit_or_counts_seconds) {
    EXPECT_EQ(duration_from_text("30s"), 30s);
    EXPECT_EQ(duration_from_text("5"), 5s);
    EXPECT_EQ(duration_from_text("250ms"), 250ms);
    EXPECT_EQ(duration_from_text("1.5m"), 90s);
    EXPECT_EQ(duration_from_text("24h"), 24h);
    EXPECT_EQ(duration_from_text("0"), 0s);
}

TEST(Duration, is_refused_with_the_units_there_are) {
    for (const char* text : {"", "s", "-1s", "1d", "25h", "1.2.3s", "1 s", ".", "1e9s"}) {
        try {
            (void)duration_from_text(text);
            ADD_FAILURE() << text;
        } catch (const Exception& exception) {
            EXPECT_NE(exception.error().hint.find("500ms, 30s, 2m or 1h"), std::string::npos);
        }
    }
}

} // namespace
} // namespace penstock::cli
