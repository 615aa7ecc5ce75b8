#include "core/request.hpp"

#include "penstock/protocol/frame.hpp"
#include "penstock/protocol/messages.hpp"

#include <gtest/gtest.h>

namespace penstock::core {
namespace {

ScalarSpec text_scalar(const char* text) {
    ScalarSpec scalar = {};
    scalar.kind = ScalarSpec::Kind::kText;
    scalar.text = text;
    scalar.text_bytes = std::char_traits<char>::length(text);
    return scalar;
}

/// Makes a request with one condition and reads it back as the plugin would.
ScanRequest round_trip(TypeId type, const ScalarSpec& scalar) {
    const QualSpec qual = {"c", QualOp::kEq, type, true, &scalar, 1};
    RequestSpec spec = {};
    spec.connection = "conn";
    spec.table = "tab";
    spec.quals = {&qual, 1};
    spec.row_target = 10;
    spec.user_name = "me";
    const std::string frames = scan_frames(make_request(spec));
    const auto bytes = std::as_bytes(std::span(frames));
    const std::optional<FrameView> hello = cut_frame(bytes).take();
    EXPECT_EQ(hello->kind, FrameKind::kHello);
    const std::optional<FrameView> scan = cut_frame(bytes.subspan(hello->frame_bytes)).take();
    EXPECT_EQ(scan->kind, FrameKind::kScan);
    wire::Scan message;
    EXPECT_TRUE(parse_message(scan->payload, message).ok());
    return read_message(message).take();
}

TEST(Request, carries_each_kind_of_value) {
    EXPECT_EQ(round_trip(TypeId::kNumeric, text_scalar("12.50")).quals[0].values[0],
              Value(Numeric{"12.50"}));
    EXPECT_EQ(round_trip(TypeId::kText, text_scalar("")).quals[0].values[0], Value(std::string()));
    EXPECT_EQ(round_trip(TypeId::kJsonb, text_scalar("{}")).quals[0].values[0], Value(Json{"{}"}));
    const ScanRequest inet = round_trip(TypeId::kInet, text_scalar("10.0.0.1/8"));
    ASSERT_TRUE(std::holds_alternative<Inet>(inet.quals[0].values[0]));
    EXPECT_EQ(std::get<Inet>(inet.quals[0].values[0]).bits, 8);
    ScalarSpec scalar = {};
    scalar.kind = ScalarSpec::Kind::kInterval;
    scalar.integer = -5;
    scalar.days = 3;
    scalar.months = 1;
    EXPECT_EQ(round_trip(TypeId::kInterval, scalar).quals[0].values[0], Value(Interval{-5, 3, 1}));
    scalar = {};
    scalar.kind = ScalarSpec::Kind::kTimestamptz;
    scalar.integer = INT64_MIN;
    EXPECT_EQ(round_trip(TypeId::kTimestamptz, scalar).quals[0].values[0],
              Value(Timestamptz{INT64_MIN}));
}

/// The lowest version that the hello of this request asks for.
std::uint32_t min_version_of(const ScanRequest& request) {
    const std::string frames = scan_frames(request);
    wire::Hello hello;
    EXPECT_TRUE(
        parse_message(cut_frame(std::as_bytes(std::span(frames))).take()->payload, hello).ok());
    return hello.min_version();
}

TEST(Request, carries_joins) {
    const ScalarSpec key = text_scalar("x");
    const QualSpec qual = {"b", QualOp::kEq, TypeId::kText, true, &key, 1};
    const QualSpec never = {"c", QualOp::kIn, TypeId::kInt8, true, nullptr, 0};
    const QualSpec compared = {"a", QualOp::kLt, TypeId::kInt4, true, nullptr, 0};
    const JoinSourceSpec sources[] = {{"t", {&qual, 1}}, {"u", {}}};
    const JoinConditionSpec conditions[] = {{0, compared, {1, "d", TypeId::kInt8}},
                                            {1, never, {0, nullptr, TypeId::kInt8}}};
    const JoinStepSpec step = {JoinKind::kLeft, 0, 1, conditions, {&conditions[1], 1}};
    const JoinColumnSpec column = {1, "d", TypeId::kInt8};
    const JoinSpec join = {sources, {&step, 1}, {&column, 1}};
    RequestSpec spec = {};
    spec.connection = "conn";
    spec.table = "t, u";
    spec.join = &join;
    spec.user_name = "me";
    const ScanRequest request = make_request(spec);
    EXPECT_TRUE(request.table.empty());
    const Join expected{
        {{"t", {{"b", QualOp::kEq, TypeId::kText, {std::string("x")}, true}}}, {"u", {}}},
        {{JoinKind::kLeft,
          0,
          1,
          {{{0, "a", TypeId::kInt4}, QualOp::kLt, {}, JoinColumn{1, "d", TypeId::kInt8}},
           {{1, "c", TypeId::kInt8}, QualOp::kIn, {}, {}}},
          {{{1, "c", TypeId::kInt8}, QualOp::kIn, {}, {}}}}},
        {{1, "d", TypeId::kInt8}}};
    EXPECT_EQ(request.join, expected);
    EXPECT_TRUE(check_join(request.join));
    EXPECT_EQ(min_version_of(request), kGroupsProtocolVersion) << "else it reads a scan of nothing";
}

TEST(Request, does_not_ask_a_plugin_of_version_1_for_groups) {
    RequestSpec spec = {};
    spec.connection = "conn";
    spec.table = "tab";
    spec.user_name = "me";
    EXPECT_EQ(min_version_of(make_request(spec)), 1U);
    const ScalarSpec seven = {ScalarSpec::Kind::kInteger, false, 7, 0, nullptr, 0, 0, 0};
    const QualSpec filter = {"n", QualOp::kLt, TypeId::kInt8, true, &seven, 1};
    const AggregateSpec call = {AggregateFunction::kSum, "n", TypeId::kInt8,
                                TypeId::kNumeric,        0,   {&filter, 1}};
    spec.is_grouped = true;
    spec.aggregates = {&call, 1};
    const ScanRequest request = make_request(spec);
    EXPECT_EQ(min_version_of(request), 2U);
    ASSERT_EQ(request.aggregates.size(), 1U);
    EXPECT_EQ(request.aggregates[0].filter.at(0).values.at(0), Value(std::int64_t{7}));
}

TEST(Request, keeps_connection_table_target_and_exactness) {
    ScalarSpec scalar = {};
    scalar.kind = ScalarSpec::Kind::kBool;
    scalar.boolean = true;
    const ScanRequest request = round_trip(TypeId::kBool, scalar);
    EXPECT_EQ(request.connection, "conn");
    EXPECT_EQ(request.table, "tab");
    EXPECT_EQ(request.row_target, 10U);
    EXPECT_TRUE(request.quals[0].is_exact);
}

TEST(Request, refuses_conditions_that_do_not_fit_a_frame) {
    const std::string long_text(1U << 20U, 'x');
    const std::vector<ScalarSpec> scalars(17, text_scalar(long_text.c_str()));
    const QualSpec qual = {"c", QualOp::kIn, TypeId::kText, false, scalars.data(), scalars.size()};
    RequestSpec spec = {};
    spec.connection = spec.table = spec.user_name = "x";
    spec.quals = {&qual, 1};
    try {
        (void)scan_frames(make_request(spec));
        FAIL() << "no error";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kLimit);
    }
}

} // namespace
} // namespace penstock::core
