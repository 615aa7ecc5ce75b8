#include "plugin/child_plan.hpp"

#include "penstock/types/error.hpp"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using Kind = ColumnSource::Kind;

Qual on_name(QualOp op, std::vector<std::string> names) {
    Qual qual{"sp_connection_name", op, TypeId::kText, {}, true};
    for (std::string& name : names) {
        qual.values.emplace_back(std::move(name));
    }
    return qual;
}

TEST(ChildPlan, prunes_by_the_name_of_the_connection) {
    EXPECT_TRUE(may_match({}, "a"));
    EXPECT_TRUE(may_match({on_name(QualOp::kEq, {"a"})}, "a"));
    EXPECT_FALSE(may_match({on_name(QualOp::kEq, {"a"})}, "b"));
    EXPECT_TRUE(may_match({on_name(QualOp::kIn, {"a", "b"})}, "b"));
    EXPECT_FALSE(may_match({on_name(QualOp::kIn, {})}, "b"));
    EXPECT_FALSE(may_match({on_name(QualOp::kNe, {"a"})}, "a"));
    EXPECT_TRUE(may_match({on_name(QualOp::kNe, {"a"})}, "b"));
    EXPECT_FALSE(may_match({on_name(QualOp::kIsNull, {})}, "a"));
    EXPECT_TRUE(may_match({on_name(QualOp::kIsNotNull, {})}, "a"));
    EXPECT_TRUE(may_match({on_name(QualOp::kLike, {"aws%"})}, "aws_1"));
    EXPECT_FALSE(may_match({on_name(QualOp::kLike, {"aws%"})}, "gcp_1"));
    EXPECT_FALSE(may_match({on_name(QualOp::kIn, {"a", "b"}), on_name(QualOp::kNe, {"a"})}, "a"));
}

class Plan : public ::testing::Test {
  protected:
    Plan() {
        child_.name = request_.table = "t";
        child_.columns = {{"x", TypeId::kInt8, "", kComparisonOps}, {"y", TypeId::kText}};
        request_.connection = "all";
        request_.row_target = 7;
    }
    std::optional<ChildPlan> plan() { return plan_child(request_, "a", child_); }

    TableSchema child_;
    ScanRequest request_;
};

TEST_F(Plan, asks_for_the_same_columns_where_it_can) {
    request_.columns = {{"y", TypeId::kText}, {"x", TypeId::kInt8}};
    const auto planned = plan();
    ASSERT_TRUE(planned);
    EXPECT_TRUE(planned->is_as_is());
    EXPECT_EQ(planned->request.connection, "a");
    EXPECT_EQ(planned->request.columns, request_.columns);
    EXPECT_EQ(planned->request.row_target, 7U);
}

TEST_F(Plan, knows_where_each_other_column_comes_from) {
    request_.columns = {{"_ctx", TypeId::kJsonb},
                        {"gone", TypeId::kText},
                        {"x", TypeId::kJsonb},
                        {"sp_connection_name", TypeId::kText},
                        {"y", TypeId::kText}};
    const auto planned = plan();
    ASSERT_TRUE(planned);
    EXPECT_FALSE(planned->is_as_is());
    std::vector<Kind> kinds;
    for (const ColumnSource& source : planned->columns) {
        kinds.push_back(source.kind);
    }
    EXPECT_EQ(kinds, (std::vector<Kind>{Kind::kContext, Kind::kMissing, Kind::kConverted,
                                        Kind::kConnection, Kind::kChild}));
    EXPECT_EQ(planned->request.columns,
              (std::vector<RequestedColumn>{{"x", TypeId::kInt8}, {"y", TypeId::kText}}));
}

TEST_F(Plan, keeps_the_childs_conditions_and_not_those_on_its_name) {
    const Qual on_x{"x", QualOp::kGt, TypeId::kInt8, {std::int64_t{3}}, true};
    request_.quals = {on_name(QualOp::kEq, {"a"}), on_x};
    EXPECT_EQ(plan()->request.quals, std::vector<Qual>{on_x});
}

TEST_F(Plan, rules_a_child_out_that_lacks_the_column_of_a_condition) {
    request_.quals = {{"gone", QualOp::kNe, TypeId::kInt8, {std::int64_t{3}}, true}};
    EXPECT_FALSE(plan());
    request_.quals = {{"gone", QualOp::kIsNotNull, TypeId::kInt8, {}, true}};
    EXPECT_FALSE(plan());
    request_.quals = {{"gone", QualOp::kIsNull, TypeId::kInt8, {}, true}};
    ASSERT_TRUE(plan());
    EXPECT_TRUE(plan()->request.quals.empty());
}

TEST_F(Plan, refuses_a_column_whose_type_has_changed) {
    request_.columns = {{"x", TypeId::kText}};
    try {
        (void)plan();
        FAIL() << "nothing was thrown";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kType);
    }
}

} // namespace
} // namespace penstock
