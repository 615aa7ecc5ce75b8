#include "penstock/types/schema.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <set>

namespace penstock {
namespace {

TableSchema table() {
    return {
        .name = "t",
        .description = "A table.",
        .columns = {{"a", TypeId::kInt8, "First.", kEqualityOps}, {"b", TypeId::kText, "Second."}}};
}

std::string fault_of(const TableSchema& schema) {
    const Status status = check_schema(schema);
    if (status.ok()) {
        return "";
    }
    EXPECT_EQ(status.error().kind, ErrorKind::kOption);
    return status.error().message;
}

TEST(QualOps, writes_signs_in_order) {
    EXPECT_EQ(kComparisonOps.to_text(), "= <> < <= > >= in");
    EXPECT_EQ(QualOps({QualOp::kIsNotNull, QualOp::kIsNull}).to_text(), "is_null is_not_null");
    EXPECT_EQ(QualOps().to_text(), "");
}

TEST(QualOps, reads_what_it_wrote) {
    for (const QualOps ops : {QualOps(), kEqualityOps, kComparisonOps, QualOps{QualOp::kIsNull}}) {
        EXPECT_EQ(QualOps::from_text(ops.to_text()).value(), ops);
    }
    EXPECT_EQ(QualOps::from_text("  in   = ").value(), kEqualityOps);
}

TEST(QualOps, names_an_unknown_sign_and_lists_the_valid_ones) {
    const auto ops = QualOps::from_text("= ilike");
    ASSERT_FALSE(ops.ok());
    EXPECT_EQ(ops.error().message, "unknown operator \"ilike\"");
    EXPECT_EQ(ops.error().hint,
              "Valid operators are: =, <>, <, <=, >, >=, in, is_null, is_not_null, like.");
}

TEST(KeyKind, reads_what_it_wrote) {
    for (const KeyKind kind :
         {KeyKind::kNone, KeyKind::kOptional, KeyKind::kRequired, KeyKind::kAnyOf}) {
        EXPECT_EQ(key_kind_from_text(name_of(kind)).value(), kind);
    }
    EXPECT_EQ(key_kind_from_text("primary").error().kind, ErrorKind::kOption);
}

TEST(Schema, accepts_a_good_table) {
    EXPECT_EQ(fault_of(table()), "");
}

TEST(Schema, accepts_a_name_of_exactly_63_bytes) {
    TableSchema schema = table();
    schema.name.assign(63, 'x');
    EXPECT_EQ(fault_of(schema), "");
    schema.name += 'x';
    EXPECT_NE(fault_of(schema).find("longer than 63 bytes"), std::string::npos);
}

TEST(Schema, refuses_what_postgresql_would_refuse_or_cut) {
    struct Case {
        std::function<void(TableSchema&)> spoil;
        const char* message;
    };
    const Case cases[] = {
        {[](auto& t) { t.name.clear(); }, "is empty"},
        {[](auto& t) { t.name = "a\nb"; }, "control character"},
        {[](auto& t) { t.name = "\xFF"; }, "not valid UTF-8"},
        {[](auto& t) { t.description = "\xFF"; }, "description"},
        {[](auto& t) { t.columns.clear(); }, "no columns"},
        {[](auto& t) { t.columns[0].name.clear(); }, "is empty"},
        {[](auto& t) { t.columns[0].name = "ctid"; }, "system column"},
        {[](auto& t) { t.columns[1].name = "a"; }, "there twice"},
        {[](auto& t) { t.columns[0].type = static_cast<TypeId>(99); }, "unknown type"},
        {[](auto& t) { t.columns[0].description = "\xFF"; }, "description"},
        {[](auto& t) { t.row_estimate = std::numeric_limits<double>::quiet_NaN(); }, "estimates"},
        {[](auto& t) { t.startup_cost_ms = -1; }, "estimates"},
        {[](auto& t) { t.max_parts = kMaxParts + 1; }, "parts of"},
        {[](auto& t) { t.columns[0].distinct_estimate = -1; }, "estimate of"},
        {[](auto& t) { t.columns[0].batch = kMaxBatch + 1; }, "batch of"},
        {[](auto& t) { t.ordered_by = {{"c"}}; }, "order of table \"t\" names column \"c\""},
        {[](auto& t) { t.ordered_by = {{"a"}, {"a", true}}; }, "order of"},
        {[](auto& t) { t.columns[0] = {"a", TypeId::kJsonb, "", {}, {}, {}, 0, false, 0, true}; },
         "cannot be sortable"},
    };
    for (const Case& one : cases) {
        TableSchema schema = table();
        one.spoil(schema);
        EXPECT_NE(fault_of(schema).find(one.message), std::string::npos) << fault_of(schema);
    }
}

TEST(Schema, refuses_more_columns_than_a_table_can_have) {
    TableSchema schema = table();
    for (std::size_t index = schema.columns.size(); index < kMaxColumns; ++index) {
        schema.columns.push_back({"c" + std::to_string(index), TypeId::kInt8});
    }
    EXPECT_EQ(fault_of(schema), "");
    schema.columns.push_back({"one_more", TypeId::kInt8});
    EXPECT_NE(fault_of(schema).find("too many columns"), std::string::npos);
}

TEST(SchemaHash, changes_with_everything_that_makes_the_ddl) {
    const std::function<void(TableSchema&)> changes[] = {
        [](auto&) {},
        [](auto& t) { t.name = "u"; },
        [](auto& t) { t.description = "Other."; },
        [](auto& t) { t.row_estimate = 7; },
        [](auto& t) { t.startup_cost_ms = 7; },
        [](auto& t) { t.max_parts = 7; },
        [](auto& t) { t.joins = {JoinKind::kInner}; },
        [](auto& t) { t.joins = {JoinKind::kLeft}; },
        [](auto& t) { t.columns[0].name = "c"; },
        [](auto& t) { t.columns[0].type = TypeId::kInt4; },
        [](auto& t) { t.columns[0].description = "Other."; },
        [](auto& t) { t.columns[0].exact = kComparisonOps; },
        [](auto& t) { std::swap(t.columns[0].exact, t.columns[0].superset); },
        [](auto& t) { t.columns[0].key = KeyKind::kRequired; },
        [](auto& t) { t.columns[0].batch = 2; },
        [](auto& t) { t.columns[0].is_unique = true; },
        [](auto& t) { t.columns[0].distinct_estimate = 2; },
        [](auto& t) { t.columns[0].is_sortable = true; },
        [](auto& t) { t.ordered_by = {{"a"}}; },
        [](auto& t) { t.ordered_by = {{"a", true}}; },
        [](auto& t) { std::swap(t.columns[0], t.columns[1]); },
        [](auto& t) { t.columns.pop_back(); },
    };
    std::set<std::string> hashes;
    for (const auto& change : changes) {
        TableSchema schema = table();
        change(schema);
        hashes.insert(schema_hash({schema}));
    }
    hashes.insert(schema_hash({}));
    hashes.insert(schema_hash({table(), table()}));
    EXPECT_EQ(hashes.size(), std::size(changes) + 2);
}

TEST(SchemaHash, does_not_confuse_where_one_field_ends) {
    TableSchema left = table();
    left.name = "ab";
    left.description = "c";
    TableSchema right = table();
    right.name = "a";
    right.description = "bc";
    EXPECT_NE(schema_hash({left}), schema_hash({right}));
}

/// It is stored: a new release must not make all schemas look changed.
TEST(SchemaHash, stays_what_it_is) {
    EXPECT_EQ(schema_hash({}), "a8c7f832281a39c5");
    EXPECT_EQ(schema_hash({table()}).size(), 16U);
}

TEST(SchemaOptions, leave_out_what_is_the_default) {
    TableSchema schema = table();
    const std::vector<OptionText> plain{{"connection", "c"}, {"table", "t"}};
    EXPECT_EQ(table_options("c", schema), plain);
    schema.row_estimate = 2.5;
    schema.startup_cost_ms = 1e6;
    schema.ordered_by = {{"b", true, true}, {"a"}};
    const std::vector<OptionText> all{{"connection", "c"},
                                      {"table", "t"},
                                      {"rows", "2.5"},
                                      {"startup_ms", "1e+06"},
                                      {"ordered_by", "b desc, a"}};
    EXPECT_EQ(table_options("c", schema), all);
}

TEST(SchemaOptions, say_what_a_column_answers) {
    const Column column{"a", TypeId::kText, "",  kEqualityOps, {QualOp::kLt}, KeyKind::kRequired,
                        50,  true,          7.5, true};
    const std::vector<OptionText> options{
        {"exact", "= in"},  {"superset", "<"},   {"key", "required"}, {"batch", "50"},
        {"unique", "true"}, {"distinct", "7.5"}, {"sortable", "true"}};
    EXPECT_EQ(column_options(column), options);
    EXPECT_TRUE(column_options({"a", TypeId::kText}).empty());
}

} // namespace
} // namespace penstock
