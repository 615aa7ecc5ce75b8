#include "penstock/testing/scan.hpp"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

class OfferedTable final : public Table {
  public:
    explicit OfferedTable(TableSchema schema) : schema_(std::move(schema)) {}
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    void scan(const ScanRequest& /*request*/, RowSink& /*rows*/) override {}

  private:
    const TableSchema schema_;
};

TableSchema offered(std::string name) {
    return {.name = std::move(name),
            .columns = {{"id", TypeId::kInt8, "", kComparisonOps},
                        {"name", TypeId::kText, "", {}, kEqualityOps},
                        {"key", TypeId::kInt4, "", kEqualityOps}},
            .joins = {JoinKind::kInner}};
}

/// Answers every join with the same rows, and keeps the request.
class JoiningConnection final : public Connection {
  public:
    explicit JoiningConnection(ScanRequest& seen) : seen_(seen) {}
    [[nodiscard]] std::vector<std::shared_ptr<Table>> tables() override {
        TableSchema keyed = offered("keyed");
        keyed.columns[2].key = KeyKind::kRequired;
        TableSchema alone = offered("alone");
        alone.joins = {};
        TableSchema both = offered("both");
        both.joins = {JoinKind::kInner, JoinKind::kLeft};
        TableSchema optional = offered("optional");
        optional.joins = {JoinKind::kLeft};
        return {std::make_shared<OfferedTable>(offered("t")),
                std::make_shared<OfferedTable>(offered("u")),
                std::make_shared<OfferedTable>(keyed),
                std::make_shared<OfferedTable>(alone),
                std::make_shared<OfferedTable>(both),
                std::make_shared<OfferedTable>(optional)};
    }
    void join(const ScanRequest& request, RowSink& rows) override {
        seen_ = request;
        for (std::int64_t row = 0; row < 3; ++row) {
            rows.add_row(std::vector<Value>{row, std::string("x")});
        }
    }

  private:
    ScanRequest& seen_;
};

class JoiningPlugin final : public Plugin {
  public:
    [[nodiscard]] PluginInfo info() const override { return {"joining", "1", "Joins.", false, {}}; }
    [[nodiscard]] std::unique_ptr<Connection> connect(const ConnectionConfig& /*config*/,
                                                      ConnectionHost& /*host*/) override {
        return std::make_unique<JoiningConnection>(seen);
    }
    ScanRequest seen;
};

class RunJoinTest : public ::testing::Test {
  protected:
    /// t.id < u.id, and columns u.id, t.name
    static Join join() {
        Join join;
        join.sources = {{"t", {}}, {"u", {}}};
        join.steps = {{JoinKind::kInner, 0, 1, {{id(0), QualOp::kLt, {}, id(1)}}, {}}};
        join.columns = {id(1), {0, "name", TypeId::kText}};
        return join;
    }
    static JoinColumn id(std::uint32_t source) { return {source, "id", TypeId::kInt8}; }

    std::string error_of(const Join& join) {
        try {
            (void)host_.join(join);
        } catch (const Exception& error) {
            return error.error().message;
        }
        return "";
    }

    JoiningPlugin plugin_;
    FakeHost host_{plugin_, {}};
};

TEST_F(RunJoinTest, asks_the_connection_and_sends_its_rows) {
    const std::vector<Row> rows = host_.join(join());
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[2], (Row{std::int64_t{2}, std::string("x")}));
    EXPECT_EQ(plugin_.seen.join, join());
    EXPECT_EQ(plugin_.seen.columns,
              (std::vector<RequestedColumn>{{"u.id", TypeId::kInt8}, {"t.name", TypeId::kText}}));
}

TEST_F(RunJoinTest, names_the_join_when_a_row_does_not_fit) {
    Join wide = join();
    wide.columns.push_back(id(0));
    EXPECT_EQ(error_of(wide), "plugin sent a row of 2 values for table \"join of t, u\" with 3");
    std::swap(wide.columns[0], wide.columns[1]);
    wide.columns.pop_back();
    EXPECT_NE(error_of(wide).find("t.name"), std::string::npos) << error_of(wide);
}

TEST_F(RunJoinTest, refuses_what_the_tables_do_not_offer_any_more) {
    Join refused = join();
    refused.steps[0].kind = JoinKind::kLeft;
    EXPECT_EQ(error_of(refused), "table \"t\" takes part in no join of kind \"left\" any more");
    refused = join();
    refused.sources[1].table = "alone";
    EXPECT_EQ(error_of(refused),
              "table \"alone\" takes part in no join of kind \"inner\" any more");
    refused = join();
    refused.steps[0].conditions[0] = {
        {0, "name", TypeId::kText}, QualOp::kEq, {}, JoinColumn{1, "name", TypeId::kText}};
    EXPECT_EQ(error_of(refused),
              "column \"name\" of table \"t\" does not answer \"=\" exactly any more");
    refused = join();
    refused.steps[0].conditions[0].other = JoinColumn{1, "key", TypeId::kInt4};
    EXPECT_EQ(error_of(refused),
              "column \"key\" of table \"u\" does not answer \">\" exactly any more")
        << "u.key > t.id, seen from the other side";
    refused = join();
    refused.sources[0].quals = {{"name", QualOp::kIn, TypeId::kText, {std::string("a")}}};
    EXPECT_EQ(error_of(refused),
              "column \"name\" of table \"t\" does not answer \"in\" exactly any more");
    refused = join();
    refused.columns[0].type = TypeId::kText;
    EXPECT_EQ(error_of(refused), "column \"id\" of table \"u\" is of type int8, not text");
    refused.columns[0].name = "gone";
    EXPECT_EQ(error_of(refused), "column \"gone\" of table \"u\" does not exist");
}

TEST_F(RunJoinTest, asks_each_table_only_for_the_kinds_above_it) {
    Join mixed = join();
    mixed.sources = {{"both", {}}, {"both", {}}, {"optional", {}}};
    mixed.steps.push_back({JoinKind::kLeft, 3, 2, {{id(0), QualOp::kEq, {}, id(2)}}, {}});
    EXPECT_EQ(error_of(mixed), "") << "optional is in no inner join";
    mixed.steps[1].kind = JoinKind::kInner;
    EXPECT_EQ(error_of(mixed),
              "table \"optional\" takes part in no join of kind \"inner\" any more");
    mixed.steps[1].kind = JoinKind::kLeft;
    mixed.sources[1].table = "t";
    EXPECT_EQ(error_of(mixed), "table \"t\" takes part in no join of kind \"left\" any more");
}

TEST_F(RunJoinTest, takes_a_condition_that_nothing_satisfies_on_any_column) {
    Join never = join();
    never.sources[0].quals = {{"name", QualOp::kIn, TypeId::kText, {}}};
    never.steps[0].conditions.push_back({{1, "name", TypeId::kText}, QualOp::kIn, {}, {}});
    EXPECT_EQ(error_of(never), "");
    never.sources[0].quals[0].column = "gone";
    EXPECT_EQ(error_of(never), "column \"gone\" of table \"t\" does not exist");
}

TEST_F(RunJoinTest, asks_for_the_keys_of_each_table) {
    Join keyed = join();
    keyed.sources[0].table = "keyed";
    EXPECT_EQ(error_of(keyed), "table \"keyed\" needs a condition on column \"key\"");
    keyed.sources[0].quals = {{"key", QualOp::kEq, TypeId::kInt4, {std::int64_t{1}}}};
    EXPECT_EQ(error_of(keyed), "");
}

} // namespace
} // namespace penstock::testing
