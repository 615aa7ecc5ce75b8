#include "reconcile/loading.hpp"

#include <gtest/gtest.h>

namespace penstock::reconcile {
namespace {

class Loading : public ::testing::Test {
  protected:
    void add(const std::string& name, std::size_t table_count, const char* import_schema,
             bool is_imported = false) {
        desired_[name].name = name;
        desired_[name].import_schema = import_schema;
        actual_[name].name = name;
        actual_[name].is_imported = is_imported;
        offers_[name].kind = Offer::Kind::kKnown;
        offers_[name].table_count = table_count;
    }

    /// Names of those whose tables are wanted, with a blank behind each.
    std::string plan(std::size_t most_tables) {
        plan_loading(desired_, actual_, offers_, referenced_, most_tables);
        std::string names;
        for (const auto& [name, wanted] : desired_) {
            names += wanted.wants_tables ? name + " " : "";
        }
        return names;
    }

    Desired desired_;
    Actual actual_;
    Offers offers_;
    std::set<std::string> referenced_;
};

TEST_F(Loading, lazy_ones_wait_until_somebody_refers_to_them) {
    add("a", 1, "lazy");
    add("b", 1, "enabled");
    add("c", 1, "lazy");
    EXPECT_EQ(plan(100), "b ");
    referenced_.insert("c");
    EXPECT_EQ(plan(100), "b c ");
}

TEST_F(Loading, enabled_ones_past_the_limit_are_as_lazy_ones) {
    add("a", 40, "enabled");
    add("b", 40, "enabled");
    add("c", 40, "enabled");
    EXPECT_EQ(plan(120), "a b c ");
    EXPECT_EQ(plan(119), "a b ");
    EXPECT_EQ(plan(0), "");
    referenced_.insert("c");
    EXPECT_EQ(plan(0), "c ");
}

TEST_F(Loading, those_that_have_their_tables_count_first_and_keep_them) {
    add("a", 40, "enabled");
    add("b", 40, "enabled", true);
    EXPECT_EQ(plan(50), "b ");
    EXPECT_EQ(plan(10), "b ");
    EXPECT_EQ(plan(80), "a b ");
}

TEST_F(Loading, a_row_without_a_connection_or_without_an_offer_counts_nothing) {
    add("a", 40, "enabled", true);
    desired_.erase("a");
    add("b", 40, "enabled");
    desired_["c"].name = "c";
    EXPECT_EQ(plan(40), "b c ");
}

} // namespace
} // namespace penstock::reconcile
