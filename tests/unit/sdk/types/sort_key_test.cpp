#include "penstock/types/sort_key.hpp"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using Keys = std::vector<SortKey>;

TEST(SortKeys, are_written_as_order_by_has_them) {
    EXPECT_EQ(to_text(Keys{}), "");
    EXPECT_EQ(to_text({{"a"}, {"b_2", true, true}}), "a, b_2 desc");
    EXPECT_EQ(to_text({{"a", false, true}, {"b", true, false}}),
              "a nulls first, b desc nulls last");
    EXPECT_EQ(to_text({{"My, \"name\""}}), "\"My, \"\"name\"\"\"");
}

TEST(SortKeys, read_what_they_wrote) {
    for (const bool is_descending : {false, true}) {
        for (const bool is_nulls_first : {false, true}) {
            const Keys keys{{"a", is_descending, is_nulls_first},
                            {"desc", is_descending, is_nulls_first},
                            {"\"", is_descending, is_nulls_first},
                            {"\xC3\xA4 b", is_descending, is_nulls_first}};
            EXPECT_EQ(sort_keys_from_text(to_text(keys)).take(), keys);
        }
    }
    EXPECT_TRUE(sort_keys_from_text("  ").take().empty());
    EXPECT_EQ(sort_keys_from_text(" a  asc nulls  last,b desc ").take(),
              (Keys{{"a"}, {"b", true, true}}));
}

TEST(SortKeys, say_what_was_expected_where) {
    const std::pair<const char*, const char*> cases[] = {
        {"a,", "The name of a column is expected before \"\"."},
        {"\"a", "The name of a column is expected before \"\"a\"."},
        {"a up", "A comma, or the end, is expected before \"up\"."},
        {"a nulls down", "\"first\" or \"last\" is expected before \"down\"."},
        {"a; b", "A comma, or the end, is expected before \"; b\"."},
    };
    for (const auto& [text, detail] : cases) {
        const auto read = sort_keys_from_text(text);
        ASSERT_FALSE(read.ok()) << text;
        EXPECT_EQ(read.error().kind, ErrorKind::kOption);
        EXPECT_EQ(read.error().detail, detail);
    }
}

} // namespace
} // namespace penstock
