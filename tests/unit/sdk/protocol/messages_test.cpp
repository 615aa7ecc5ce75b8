#include "penstock/protocol/messages.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace penstock {
namespace {

/// A value of each type that a condition can compare with.
const std::vector<std::pair<TypeId, Value>>& samples() {
    Uuid uuid;
    uuid.bytes.fill(0xAB);
    static const std::vector<std::pair<TypeId, Value>> values{
        {TypeId::kBool, true},
        {TypeId::kInt2, std::int64_t{-32768}},
        {TypeId::kInt4, std::int64_t{2147483647}},
        {TypeId::kInt8, std::numeric_limits<std::int64_t>::min()},
        {TypeId::kFloat4, 0.5},
        {TypeId::kFloat8, -std::numeric_limits<double>::infinity()},
        {TypeId::kNumeric, Numeric{"-12.50"}},
        {TypeId::kText, std::string("ä\n")},
        {TypeId::kText, std::string()},
        {TypeId::kBytea, Bytes{std::string("\0\xFF", 2)}},
        {TypeId::kDate, Date{-1}},
        {TypeId::kTimestamptz, Timestamptz{-1}},
        {TypeId::kInterval, Interval{-1, -2, -3}},
        {TypeId::kUuid, uuid},
        {TypeId::kInet, Inet{false, 24, {192, 168, 0, 1}}},
        {TypeId::kCidr, Inet{true, 16, {0xFE, 0x80}}},
        {TypeId::kJsonb, Json{"{\"a\": 1}"}},
        {TypeId::kTextArray, std::vector<std::string>{"a", ""}},
        {TypeId::kTextArray, std::vector<std::string>{}},
        {TypeId::kInt8Array, std::vector<std::int64_t>{1, -1}},
    };
    return values;
}

ScanRequest request() {
    ScanRequest request;
    request.connection = "c";
    request.table = "t";
    request.columns = {{"a", TypeId::kInt8}, {"b", TypeId::kText}};
    request.quals = {
        {"a", QualOp::kIn, TypeId::kInt8, {std::int64_t{1}, std::int64_t{2}}, true},
        {"b", QualOp::kIsNotNull, TypeId::kText, {}, false},
        {"b", QualOp::kNe, TypeId::kText, {std::string("x")}, false},
    };
    request.row_target = 7;
    request.backend_pid = 42;
    request.user_name = "alice";
    request.part = 2;
    request.part_count = 3;
    return request;
}

wire::Scan scan() {
    wire::Scan message;
    write_message(request(), message);
    return message;
}

void expect_refused(const wire::Scan& message, const char* what) {
    const auto read = read_message(message);
    ASSERT_FALSE(read.ok()) << what;
    EXPECT_EQ(read.error().kind, ErrorKind::kProtocol);
    EXPECT_NE(read.error().message.find(what), std::string::npos) << read.error().message;
}

TEST(Messages, carry_a_value_of_each_type) {
    for (const auto& [type, value] : samples()) {
        wire::Value message;
        write_message(value, type, message);
        wire::Value received;
        ASSERT_TRUE(received.ParseFromString(message.SerializeAsString()));
        EXPECT_EQ(read_message(received, type).take(), value) << find_type(type)->sql_name;
    }
}

TEST(Messages, tell_null_from_empty) {
    wire::Value message;
    write_message(Value(), TypeId::kText, message);
    EXPECT_TRUE(is_null(read_message(message, TypeId::kText).take()));
    write_message(Value(std::string()), TypeId::kText, message);
    EXPECT_EQ(read_message(message, TypeId::kText).take(), Value(std::string()));
}

TEST(Messages, refuse_a_value_in_the_form_of_another_type) {
    wire::Value message;
    message.set_boolean(true);
    for (const TypeInfo& type : all_types()) {
        EXPECT_EQ(read_message(message, type.id).ok(), type.id == TypeId::kBool) << type.sql_name;
    }
}

TEST(Messages, refuse_values_that_their_type_cannot_hold) {
    wire::Value message;
    message.set_integer(32768);
    EXPECT_FALSE(read_message(message, TypeId::kInt2).ok());
    message.set_integer(2147483648);
    EXPECT_FALSE(read_message(message, TypeId::kInt4).ok());
    message.set_data("15 bytes long..");
    EXPECT_FALSE(read_message(message, TypeId::kUuid).ok());
    message.set_text("no address");
    EXPECT_FALSE(read_message(message, TypeId::kInet).ok());
    EXPECT_FALSE(read_message(message, static_cast<TypeId>(77)).ok());
}

TEST(Messages, carry_a_scan_request) {
    const ScanRequest read = read_message(scan()).take();
    EXPECT_EQ(read.connection, "c");
    EXPECT_EQ(read.table, "t");
    EXPECT_EQ(read.columns, request().columns);
    EXPECT_EQ(read.quals, request().quals);
    EXPECT_EQ(read.row_target, 7U);
    EXPECT_EQ(read.backend_pid, 42);
    EXPECT_EQ(read.user_name, "alice");
}

TEST(Messages, refuse_scan_requests_that_do_not_fit) {
    wire::Scan message = scan();
    message.clear_table();
    expect_refused(message, "no table");
    message = scan();
    message.mutable_columns(0)->set_type(99);
    expect_refused(message, "unknown type 99");
    message = scan();
    message.mutable_columns(0)->set_type(256 + 1); // not cut down to a byte
    expect_refused(message, "unknown type 257");
    message = scan();
    message.mutable_quals(0)->set_op(0);
    expect_refused(message, "unknown operator 0");
    message = scan();
    message.mutable_quals(0)->set_op(11);
    expect_refused(message, "unknown operator 11");
    message = scan();
    message.mutable_quals(1)->add_values()->set_text("x");
    expect_refused(message, "1 values");
    message = scan();
    message.mutable_quals(2)->clear_values();
    expect_refused(message, "0 values");
    message = scan();
    message.mutable_quals(2)->mutable_values(0)->clear_kind();
    expect_refused(message, "compares with NULL");
    message = scan();
    message.set_part(3);
    expect_refused(message, "part 3 of 3");
    message = scan();
    message.set_part_count(kMaxParts + 1);
    expect_refused(message, "part 2 of 1025");
    message = scan();
    for (std::size_t count = 0; count < kMaxColumns; ++count) {
        *message.add_columns() = message.columns(0);
    }
    expect_refused(message, "columns");
}

ScanRequest grouped_request() {
    ScanRequest grouped = request();
    grouped.is_grouped = true;
    grouped.aggregates = {
        {AggregateFunction::kCount, "", TypeId::kInt8, {}},
        {AggregateFunction::kSum,
         "a",
         TypeId::kInt8,
         {{"a", QualOp::kLt, TypeId::kInt8, {std::int64_t{3}}, true}}},
    };
    grouped.row_limit = 9;
    grouped.is_cache_allowed = false;
    return grouped;
}

TEST(Messages, carry_groups_aggregates_and_limits) {
    wire::Scan message;
    write_message(grouped_request(), message);
    const ScanRequest read = read_message(message).take();
    EXPECT_TRUE(read.is_grouped);
    EXPECT_EQ(read.aggregates, grouped_request().aggregates);
    EXPECT_EQ(read.row_limit, 9U);
    EXPECT_FALSE(read.is_cache_allowed);
}

TEST(Messages, refuse_groups_that_nobody_could_compute) {
    const auto is_refused = [](const ScanRequest& refused) {
        wire::Scan message;
        write_message(refused, message);
        return !read_message(message).ok();
    };
    ScanRequest refused = grouped_request();
    refused.is_grouped = false;
    EXPECT_TRUE(is_refused(refused)) << "aggregates without groups";
    refused = grouped_request();
    refused.columns.clear();
    refused.aggregates.clear();
    EXPECT_TRUE(is_refused(refused)) << "groups of nothing";
    refused = grouped_request();
    refused.columns = {{"j", TypeId::kJsonb}};
    EXPECT_TRUE(is_refused(refused)) << "jsonb as a key";
    refused = grouped_request();
    refused.aggregates[1].type = TypeId::kNumeric;
    EXPECT_TRUE(is_refused(refused)) << "a sum of numeric";
    refused = grouped_request();
    refused.aggregates[1].column.clear();
    EXPECT_TRUE(is_refused(refused)) << "a sum of rows";
    wire::Scan message;
    write_message(grouped_request(), message);
    message.mutable_aggregates(0)->set_function(99);
    EXPECT_FALSE(read_message(message).ok()) << "an aggregate of the future";
}

TEST(Messages, carry_an_order_of_rows) {
    ScanRequest ordered = request();
    ordered.sort = {{"b", true, true}, {"a", false, true}};
    wire::Scan message;
    write_message(ordered, message);
    EXPECT_EQ(read_message(message).take().sort, ordered.sort);
    EXPECT_FALSE(read_message(message).take().is_top);
    message.set_is_top(true);
    expect_refused(message, "first rows without order and limit");
    message.set_row_limit(3);
    EXPECT_TRUE(read_message(message).take().is_top);
    message.mutable_sort(0)->set_column("c");
    expect_refused(message, "an order by \"c\"");
}

TEST(Messages, carry_an_order_of_groups_only_for_the_first_of_them) {
    ScanRequest ordered = grouped_request();
    ordered.sort = {{"", true, false, 1}};
    ordered.row_limit = 3;
    ordered.is_top = true;
    wire::Scan message;
    write_message(ordered, message);
    EXPECT_EQ(read_message(message).take().sort, ordered.sort);
    message.mutable_sort(0)->set_aggregate(100);
    expect_refused(message, "an order by");
    message.mutable_sort(0)->set_aggregate(1);
    message.set_is_top(false);
    expect_refused(message, "an order of groups");
}

ScanRequest join_request() {
    ScanRequest request;
    request.connection = "c";
    request.join.sources = {{"t", {{"a", QualOp::kIn, TypeId::kInt8, {std::int64_t{1}}, true}}},
                            {"u", {{"b", QualOp::kIn, TypeId::kText, {}, true}}},
                            {"t", {}}};
    const JoinColumn left{0, "a", TypeId::kInt8};
    const JoinColumn right{1, "a", TypeId::kInt4};
    request.join.steps = {
        {JoinKind::kLeft,
         0,
         1,
         {{left, QualOp::kLt, {}, right}, {right, QualOp::kEq, {std::int64_t{7}}, {}}},
         {{right, QualOp::kIsNull, {}, {}}}},
        {JoinKind::kSemi, 3, 2, {{left, QualOp::kEq, {}, JoinColumn{2, "a", TypeId::kInt8}}}, {}}};
    request.join.columns = {right, left};
    request.columns = {{"u.a", TypeId::kInt4}, {"t.a", TypeId::kInt8}};
    request.row_limit = 5;
    return request;
}

TEST(Messages, carry_joins) {
    const ScanRequest sent = join_request();
    wire::Scan message;
    write_message(sent, message);
    EXPECT_EQ(message.columns_size(), 0);
    const ScanRequest received = read_message(message).take();
    EXPECT_EQ(received.join, sent.join);
    EXPECT_EQ(received.columns, sent.columns);
    EXPECT_EQ(received.row_limit, 5U);
}

TEST(Messages, refuse_joins_that_do_not_fit) {
    const auto is_refused = [](const auto& spoil) {
        wire::Scan message;
        write_message(join_request(), message);
        EXPECT_TRUE(read_message(message).ok());
        spoil(message);
        return read_message(message).error().kind == ErrorKind::kProtocol;
    };
    EXPECT_TRUE(is_refused([](auto& scan) { scan.set_table("t"); }));
    EXPECT_TRUE(is_refused([](auto& scan) { scan.set_part_count(2); }));
    EXPECT_TRUE(is_refused([](auto& scan) { scan.add_columns()->set_type(4); }));
    EXPECT_TRUE(is_refused([](auto& scan) { scan.mutable_join()->clear_sources(); }));
    EXPECT_TRUE(is_refused([](auto& scan) { scan.mutable_join()->mutable_steps(0)->set_kind(0); }));
    EXPECT_TRUE(is_refused([](auto& scan) { scan.mutable_join()->mutable_steps(0)->set_kind(6); }));
    EXPECT_TRUE(
        is_refused([](auto& scan) { scan.mutable_join()->mutable_columns(0)->set_type(99); }));
    EXPECT_TRUE(is_refused([](auto& scan) {
        scan.mutable_join()->mutable_columns(0)->set_source(2);
    })) << "behind a semi join";
}

TEST(Messages, carry_schemas) {
    const std::vector<TableSchema> tables{{.name = "t",
                                           .description = "A table.",
                                           .columns = {{"a",
                                                        TypeId::kInt8,
                                                        "First.",
                                                        kEqualityOps,
                                                        {QualOp::kLt},
                                                        KeyKind::kRequired,
                                                        50,
                                                        true,
                                                        7.5,
                                                        true}},
                                           .row_estimate = 5,
                                           .startup_cost_ms = 2,
                                           .max_parts = 9,
                                           .ordered_by = {{"a", true}},
                                           .joins = {JoinKind::kInner, JoinKind::kAnti}},
                                          {.name = "u", .columns = {{"b", TypeId::kJsonb}}}};
    wire::Schema message;
    write_message(tables, message);
    EXPECT_EQ(read_message(message).take(), tables);
}

TEST(Messages, carry_what_a_schema_left_out_up_to_a_limit) {
    std::vector<SchemaProblem> problems;
    for (std::size_t number = 0; number < kMaxProblems + 5; ++number) {
        problems.push_back({"file " + std::to_string(number), "is empty"});
    }
    wire::Schema message;
    write_message(problems, message);
    EXPECT_TRUE(read_message(message).take().empty());
    problems.resize(kMaxProblems);
    EXPECT_EQ(read_problems(message), problems);
    message.add_problems()->set_what("one more");
    EXPECT_EQ(read_problems(message), problems);
}

TEST(Messages, refuse_schemas_that_do_not_fit) {
    wire::Schema good;
    write_message(std::vector<TableSchema>{{.name = "t", .columns = {{"a", TypeId::kInt8}}}}, good);
    wire::Schema message = good;
    message.mutable_tables(0)->mutable_columns(0)->set_type(0);
    EXPECT_EQ(read_message(message).error().kind, ErrorKind::kProtocol);
    message = good;
    message.mutable_tables(0)->mutable_columns(0)->set_key(4);
    EXPECT_EQ(read_message(message).error().kind, ErrorKind::kProtocol);
    message = good;
    message.mutable_tables(0)->mutable_columns(0)->set_exact("~");
    EXPECT_EQ(read_message(message).error().kind, ErrorKind::kProtocol);
    message = good;
    message.mutable_tables(0)->set_joins("inner outer");
    EXPECT_EQ(read_message(message).error().kind, ErrorKind::kProtocol);
    message = good;
    message.mutable_tables(0)->clear_columns();
    EXPECT_EQ(read_message(message).error().kind, ErrorKind::kOption);
}

TEST(Messages, carry_configuration_values) {
    const ConfigValue value{ConfigValue::Map{
        {"list", {ConfigValue::List{{true}, {std::int64_t{-1}}, {0.5}, {std::string("x")}, {}}}},
        {"empty", {ConfigValue::List{}}}}};
    wire::ConfigValue message;
    write_message(value, message);
    EXPECT_EQ(read_message(message), value);
}

TEST(Messages, carry_errors) {
    Error error = Error::make(ErrorKind::kRemote, "m", "D.", "H.");
    error.sqlstate = "22P02";
    error.argument = "rows";
    error.retryable = true;
    wire::ErrorMessage message;
    write_message(error, message);
    const Error read = read_message(message);
    EXPECT_EQ(read.kind, error.kind);
    EXPECT_EQ(read.message + read.detail + read.hint, "mD.H.");
    EXPECT_EQ(read.sqlstate, "22P02");
    EXPECT_EQ(read.argument, "rows");
    EXPECT_TRUE(read.retryable);
}

TEST(Messages, make_something_sayable_of_a_bad_error) {
    wire::ErrorMessage message;
    message.set_kind(999);
    message.set_sqlstate("00000"); // "successful completion" must not be raised
    const Error read = read_message(message);
    EXPECT_EQ(read.kind, ErrorKind::kInternal);
    EXPECT_STREQ(sqlstate_of(read), "XX000");
    EXPECT_FALSE(read.message.empty());
    message.set_sqlstate("ab'c;");
    EXPECT_STREQ(sqlstate_of(read_message(message)), "XX000");
}

TEST(Messages, replace_bytes_that_no_text_can_hold) {
    wire::ErrorMessage message;
    write_message(Error::make(ErrorKind::kData, std::string("file \xFF\xFE and \0 nul", 17)),
                  message);
    EXPECT_EQ(message.message(), "file ?? and ? nul");
    wire::ErrorMessage received;
    EXPECT_TRUE(received.ParseFromString(message.SerializeAsString()));
}

TEST(Messages, carry_argument_specs) {
    const ArgumentSpec spec{.name = "n",
                            .kind = ArgumentKind::kMap,
                            .is_required = true,
                            .default_text = "d",
                            .description = "D.",
                            .is_secret = true,
                            .choices = {"a", "b"}};
    wire::ArgumentSpec message;
    write_message(spec, message);
    const ArgumentSpec read = read_message(message);
    EXPECT_EQ(read.name, "n");
    EXPECT_EQ(read.kind, ArgumentKind::kMap);
    EXPECT_TRUE(read.is_required && read.is_secret);
    EXPECT_EQ(read.default_text + read.description, "dD.");
    EXPECT_EQ(read.choices, spec.choices);
}

TEST(Hello, agrees_on_the_lower_of_the_newest_versions) {
    wire::Hello hello = make_hello("backend");
    EXPECT_EQ(agree_on_version(hello).take(), kProtocolVersion);
    hello.set_version(kProtocolVersion + 5);
    EXPECT_EQ(agree_on_version(hello).take(), kProtocolVersion);
}

TEST(Hello, names_both_ranges_when_there_is_no_version_in_common) {
    wire::Hello hello = make_hello("backend");
    hello.set_version(9);
    hello.set_min_version(8);
    const auto version = agree_on_version(hello);
    ASSERT_FALSE(version.ok());
    EXPECT_NE(version.error().detail.find("8 to 9"), std::string::npos);
    hello.set_version(0);
    hello.set_min_version(0);
    EXPECT_FALSE(agree_on_version(hello).ok());
}

TEST(Hello, refuses_another_magic) {
    wire::Hello hello = make_hello("backend");
    hello.set_magic(0);
    EXPECT_EQ(agree_on_version(hello).error().kind, ErrorKind::kProtocol);
}

TEST(Hello, is_refused_when_it_is_not_a_message) {
    const std::array<std::byte, 3> garbage{std::byte{0xFF}, std::byte{0xFF}, std::byte{0xFF}};
    wire::Hello hello;
    EXPECT_EQ(parse_message(garbage, hello).error().kind, ErrorKind::kProtocol);
}

} // namespace
} // namespace penstock
