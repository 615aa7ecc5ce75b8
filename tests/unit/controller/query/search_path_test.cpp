#include "query/search_path.hpp"

#include "penstock/types/error.hpp"
#include "query/connection_table.hpp"

#include <gtest/gtest.h>

namespace penstock::query {
namespace {

using Names = std::vector<std::string>;

TEST(ListOfNames, is_cut_at_its_commas) {
    EXPECT_EQ(names_from_list("aws"), Names{"aws"});
    EXPECT_EQ(names_from_list(" aws , Öl\t,$user"), (Names{"aws", "Öl", "$user"}));
}

TEST(ListOfNames, keeps_what_is_quoted) {
    EXPECT_EQ(names_from_list("\"a,b\",\"c\"\"d\",\" e \""), (Names{"a,b", "c\"d", " e "}));
}

TEST(ListOfNames, refuses_what_names_nothing) {
    for (const char* list : {"", "a,", ",a", "a,,b", "\"\"", "\"a", "\"a\"b", "\"a\"\""}) {
        EXPECT_THROW((void)names_from_list(list), Exception) << list;
    }
}

TEST(ArrayLiteral, quotes_every_element) {
    EXPECT_EQ(array_literal({}), "{}");
    EXPECT_EQ(array_literal({"a", "", "b\"c\\d", "{e,f}"}), R"({"a","","b\"c\\d","{e,f}"})");
}

TEST(DurationText, is_short) {
    using namespace std::chrono_literals;
    EXPECT_EQ(duration_text(250ms), "250 ms");
    EXPECT_EQ(duration_text(30s), "30 s");
    EXPECT_EQ(duration_text(1500ms), "1.5 s");
}

} // namespace
} // namespace penstock::query
