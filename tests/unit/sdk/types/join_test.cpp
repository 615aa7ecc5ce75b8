#include "penstock/types/join.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace penstock {
namespace {

JoinColumn column(std::uint32_t source) {
    return {source, "a", TypeId::kInt8};
}

/// (t0 left join t1) semi join t2
Join join() {
    Join join;
    join.sources = {{"t", {}}, {"u", {}}, {"t", {}}};
    join.steps = {{JoinKind::kLeft, 0, 1, {{column(0), QualOp::kEq, {}, column(1)}}, {}},
                  {JoinKind::kSemi, 3, 2, {{column(1), QualOp::kEq, {}, column(2)}}, {}}};
    join.columns = {column(0), column(1)};
    return join;
}

TEST(JoinKinds, read_back_what_they_write) {
    const JoinKinds kinds{JoinKind::kAnti, JoinKind::kInner};
    EXPECT_EQ(kinds.to_text(), "inner anti");
    EXPECT_EQ(JoinKinds::from_text(" anti  inner ").take(), kinds);
    EXPECT_EQ(JoinKinds().to_text(), "");
    EXPECT_TRUE(JoinKinds::from_text("").take().empty());
    const Error error = JoinKinds::from_text("inner outer").error();
    EXPECT_EQ(error.message, "unknown kind of join \"outer\"");
    EXPECT_EQ(error.hint, "Valid kinds are: inner, left, full, semi, anti.");
}

TEST(Join, takes_a_tree_of_nodes) {
    EXPECT_TRUE(check_join(join()));
}

TEST(Join, refuses_what_is_no_tree) {
    const std::vector<std::function<void(Join&)>> spoils{
        [](Join& join) { join.steps.pop_back(); },
        [](Join& join) { join.sources.resize(1); },
        [](Join& join) { join.steps[1].left = 1; },
        [](Join& join) { join.steps[1].right = 3; },
        [](Join& join) { join.steps[0].right = 3; },
        [](Join& join) { join.steps[1].right = 4; },
        [](Join& join) { join.steps[0].conditions[0].other = column(2); },
        [](Join& join) { join.steps[1].filter = {{column(2), QualOp::kIsNull, {}, {}}}; },
        [](Join& join) { join.columns[0].source = 2; },
        [](Join& join) { join.columns[0].source = 99; },
        [](Join& join) { join.steps[0].conditions[0].values = {std::int64_t{1}}; },
        [](Join& join) { join.steps[0].conditions[0].other.reset(); },
        [](Join& join) { join.steps[0].conditions[0].op = QualOp::kLike; },
    };
    for (std::size_t index = 0; index < spoils.size(); ++index) {
        Join spoilt = join();
        spoils[index](spoilt);
        const Status status = check_join(spoilt);
        ASSERT_FALSE(status) << index;
        EXPECT_EQ(status.error().kind, ErrorKind::kProtocol) << index;
    }
}

TEST(Join, refuses_more_tables_than_a_word_has_bits) {
    Join large;
    for (std::uint32_t source = 0; source < kMaxJoinSources; ++source) {
        large.sources.push_back({"t", {}});
    }
    large.steps.push_back({JoinKind::kInner, 0, 1, {}, {}});
    for (std::uint32_t source = 2; source < kMaxJoinSources; ++source) {
        large.steps.push_back({JoinKind::kInner, source + 62, source, {}, {}});
    }
    EXPECT_TRUE(check_join(large));
    large.steps.push_back({JoinKind::kInner, 126, 127, {}, {}});
    large.sources.push_back({"t", {}});
    EXPECT_FALSE(check_join(large));
}

TEST(Join, exchanges_the_sides_of_comparisons) {
    EXPECT_EQ(commuted(QualOp::kLt), QualOp::kGt);
    EXPECT_EQ(commuted(QualOp::kGe), QualOp::kLe);
    EXPECT_EQ(commuted(QualOp::kNe), QualOp::kNe);
    EXPECT_EQ(commuted(commuted(QualOp::kLe)), QualOp::kLe);
}

TEST(Join, labels_the_columns_of_tables_that_are_there_twice) {
    Join twice = join();
    twice.columns = {column(2), column(1), column(0)};
    EXPECT_EQ(column_labels(twice), (std::vector<std::string>{"t#2.a", "u.a", "t.a"}));
}

} // namespace
} // namespace penstock
