#include "penstock/testing/scan.hpp"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

/// A table that promises what it does not keep.
class Liar final : public Table {
  public:
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    void scan(const ScanRequest& /*request*/, RowSink& rows) override {
        rows.add_row(std::vector<Value>{std::int64_t{1}, std::string("one")});
        rows.add_row(std::vector<Value>{Value(), std::string("none")});
        rows.add_warning("row 2 has no number");
    }

  private:
    const TableSchema schema_{.name = "liar",
                              .columns = {{"number", TypeId::kInt8, "", kComparisonOps},
                                          {"word", TypeId::kText, "", {}, kEqualityOps}}};
};

class LiarConnection final : public Connection {
  public:
    explicit LiarConnection(ConnectionHost& host) : host_(host) {}
    [[nodiscard]] std::vector<std::shared_ptr<Table>> tables() override {
        host_.announce_schema_change();
        return {std::make_shared<Liar>()};
    }

  private:
    ConnectionHost& host_;
};

class LiarPlugin final : public Plugin {
  public:
    [[nodiscard]] PluginInfo info() const override {
        return {.name = "liar", .version = "1", .description = ""};
    }
    [[nodiscard]] std::unique_ptr<Connection> connect(const ConnectionConfig& /*config*/,
                                                      ConnectionHost& host) override {
        return std::make_unique<LiarConnection>(host);
    }
};

class FakeHostTest : public ::testing::Test {
  protected:
    static Qual number(QualOp op, std::int64_t value) {
        return {"number", op, TypeId::kInt8, {value}, false};
    }
    LiarPlugin plugin_;
    FakeHost host_{plugin_, {}};
};

TEST_F(FakeHostTest, finds_a_condition_that_is_not_exact) {
    EXPECT_THROW((void)host_.scan("liar", {}, {number(QualOp::kEq, 2)}), Exception);
    EXPECT_THROW((void)host_.scan("liar", {"word"}, {number(QualOp::kEq, 1)}), Exception)
        << "a NULL is not equal to 1";
    EXPECT_THROW((void)host_.scan("liar", {}, {number(QualOp::kNe, 7)}), Exception)
        << "a NULL is not different from 7 either";
}

TEST_F(FakeHostTest, does_not_mind_a_superset) {
    const Qual qual{"word", QualOp::kEq, TypeId::kText, {std::string("one")}, false};
    EXPECT_EQ(host_.scan("liar", {}, {qual}).size(), 2U);
}

TEST_F(FakeHostTest, keeps_warnings_and_announcements) {
    EXPECT_EQ(host_.count("liar"), 2U);
    EXPECT_EQ(host_.warnings(), std::vector<std::string>{"row 2 has no number"});
    EXPECT_EQ(host_.announcements(), 1);
}

TEST_F(FakeHostTest, names_columns_that_do_not_exist) {
    try {
        (void)host_.scan("liar", {"nope"});
        FAIL() << "was scanned";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kNoColumn);
    }
}

TEST_F(FakeHostTest, checks_arguments_as_the_controller_does) {
    EXPECT_THROW(FakeHost(plugin_, {{"x", ConfigValue{true}}}), Exception);
}

} // namespace
} // namespace penstock::testing
