#include "plugin/block_reader.hpp"
#include "plugin/connection_store.hpp"
#include "plugin/side_by_side.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace penstock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

using Row = std::vector<Value>;

/// A table that does what a test tells it.
class ScriptedTable final : public Table {
  public:
    using Scan = std::function<void(const ScanRequest&, RowSink&)>;
    ScriptedTable(TableSchema schema, Scan scan)
        : schema_(std::move(schema)), scan_(std::move(scan)) {}
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    void scan(const ScanRequest& request, RowSink& rows) override { scan_(request, rows); }

  private:
    const TableSchema schema_;
    const Scan scan_;
};

using Tables = std::vector<std::shared_ptr<Table>>;

/// Connections whose tables are made by functions, by name.
class ScriptedPlugin final : public Plugin {
  public:
    struct Scripted final : Connection {
        explicit Scripted(std::function<Tables()> answer) : answer_(std::move(answer)) {}
        [[nodiscard]] Tables tables() override { return answer_(); }
        std::function<Tables()> answer_;
    };
    [[nodiscard]] PluginInfo info() const override {
        return {.name = "scripted", .version = "1", .description = "", .is_dynamic = is_dynamic};
    }
    [[nodiscard]] std::unique_ptr<Connection> connect(const ConnectionConfig& config,
                                                      ConnectionHost& /*host*/) override {
        return std::make_unique<Scripted>(connections.at(config.name()));
    }
    bool is_dynamic = true;
    std::map<std::string, std::function<Tables()>> connections;
};

/// One way to scan: some rows.
ScriptedTable::Scan sends(std::vector<Row> rows) {
    return [rows = std::move(rows)](const ScanRequest& /*request*/, RowSink& sink) {
        for (const Row& row : rows) {
            sink.add_row(row);
        }
    };
}

ScriptedTable::Scan fails(std::vector<Row> rows, const std::string& message) {
    return [rows, message](const ScanRequest& request, RowSink& sink) {
        sends(rows)(request, sink);
        sink.finish(); // they are out
        throw Exception(ErrorKind::kRemote, message);
    };
}

std::function<Tables()> has(TableSchema schema, ScriptedTable::Scan scan) {
    return [table = std::make_shared<ScriptedTable>(std::move(schema), std::move(scan))] {
        return Tables{table};
    };
}

class AggregateScan : public ::testing::Test {
  protected:
    void configure(std::vector<std::string> children, bool is_partial = false) {
        store_.emplace(plugin_, [](const std::string&) {});
        for (const std::string& child : children) {
            store_->configure(child, Arguments{});
        }
        store_->configure("all", Aggregate{std::move(children), is_partial});
    }

    std::vector<Row> scan(std::vector<std::string> columns, std::vector<Qual> quals = {},
                          std::uint64_t row_target = 0, std::vector<SortKey> first_by = {}) {
        const TableSchema schema = store_->describe("all").at(0);
        ScanRequest request;
        request.connection = "all";
        request.table = schema.name;
        request.row_target = row_target;
        for (const std::string& name : columns) {
            for (const Column& column : schema.columns) {
                if (column.name == name) {
                    request.columns.push_back({name, column.type});
                }
            }
        }
        request.quals = std::move(quals);
        if (!first_by.empty()) {
            request.sort = std::move(first_by);
            request.is_top = true;
            request.row_limit = 2;
        }
        std::vector<Row> rows;
        BlockReader reader(request.columns, [&](Row row) { rows.push_back(std::move(row)); });
        summary_ = store_->scan(request, reader);
        EXPECT_EQ(summary_.row_count, reader.row_count());
        return rows;
    }

    Error error_of_scan(std::vector<std::string> columns) {
        try {
            scan(std::move(columns));
        } catch (const Exception& exception) {
            return exception.error();
        }
        ADD_FAILURE() << "nothing was thrown";
        return {};
    }

    static TableSchema numbers() { return {.name = "t", .columns = {{"x", TypeId::kInt8}}}; }
    static Value integer(std::int64_t value) { return value; }
    static Value text(const char* value) { return std::string(value); }

    ScriptedPlugin plugin_;
    std::optional<ConnectionStore> store_;
    ScanSummary summary_;
};

TEST_F(AggregateScan, sends_the_rows_of_all_children_with_their_names) {
    plugin_.connections = {{"a", has(numbers(), sends({{integer(1)}, {Value()}}))},
                           {"b", has(numbers(), sends({{integer(3)}}))}};
    configure({"a", "b"});
    EXPECT_THAT(
        scan({"sp_connection_name", "x", "_ctx"}),
        UnorderedElementsAre(
            Row{text("a"), integer(1), Json{R"({"plugin": "scripted", "connection_name": "a"})"}},
            Row{text("a"), Value(), Json{R"({"plugin": "scripted", "connection_name": "a"})"}},
            Row{text("b"), integer(3), Json{R"({"plugin": "scripted", "connection_name": "b"})"}}));
    EXPECT_THAT(scan({"x"}), UnorderedElementsAre(Row{integer(1)}, Row{Value()}, Row{integer(3)}));
}

TEST_F(AggregateScan, fills_in_what_a_child_does_not_have_and_converts_what_differs) {
    TableSchema other{.name = "t", .columns = {{"x", TypeId::kText}, {"flag", TypeId::kBool}}};
    plugin_.connections = {{"a", has(numbers(), sends({{integer(1)}, {Value()}}))},
                           {"b", has(other, sends({{text("one \"1\""), true}}))}};
    configure({"a", "b"});
    EXPECT_THAT(scan({"flag", "x"}),
                UnorderedElementsAre(Row{Value(), Json{"1"}}, Row{Value(), Value()},
                                     Row{true, Json{R"("one \"1\"")"}}));
}

TEST_F(AggregateScan, counts_without_columns_and_fills_columns_of_mere_counts) {
    const auto counted = [](const ScanRequest& request, RowSink& sink) {
        ASSERT_TRUE(request.columns.empty());
        sink.add_count(40'000);
    };
    plugin_.connections = {{"a", has(numbers(), counted)}, {"b", has(numbers(), counted)}};
    configure({"a", "b"});
    EXPECT_TRUE(scan({}).empty());
    EXPECT_EQ(summary_.row_count, 80'000U);
    const auto rows = scan({"sp_connection_name"});
    EXPECT_EQ(rows.size(), 80'000U);
    EXPECT_EQ(std::count(rows.begin(), rows.end(), Row{text("b")}), 40'000);
}

TEST_F(AggregateScan, does_not_ask_children_that_the_conditions_rule_out) {
    plugin_.connections = {
        {"a", has(numbers(), sends({{integer(1)}}))},
        {"b", has(numbers(), [](const ScanRequest&, RowSink&) { FAIL() << "was asked"; })}};
    configure({"a", "b"});
    const Qual is_a{"sp_connection_name", QualOp::kEq, TypeId::kText, {text("a")}, true};
    EXPECT_THAT(scan({"x"}, {is_a}), ElementsAre(Row{integer(1)}));
}

TEST_F(AggregateScan, asks_many_children_at_the_same_time_but_not_all) {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t running = 0;
    std::size_t most = 0;
    std::size_t begun = 0;
    const auto meet = [&](const ScanRequest&, RowSink& sink) {
        std::unique_lock lock(mutex);
        ++begun;
        most = std::max(most, ++running);
        changed.notify_all();
        // Each waits until as many are there as there may be at once.
        EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(20),
                                     [&] { return begun >= kChildrenAtOnce; }));
        --running;
        sink.add_row(Row{integer(1)});
    };
    std::vector<std::string> names;
    for (std::size_t index = 0; index < 2 * kChildrenAtOnce; ++index) {
        names.push_back("c" + std::to_string(index));
        plugin_.connections[names.back()] = has(numbers(), meet);
    }
    configure(names);
    EXPECT_EQ(scan({"x"}).size(), names.size());
    EXPECT_EQ(most, kChildrenAtOnce);
}

TEST_F(AggregateScan, fails_with_the_first_error_and_names_the_child) {
    std::atomic<bool> is_begun = false;
    std::atomic<bool> was_stopped = false;
    const auto endless = [&](const ScanRequest&, RowSink& sink) {
        is_begun = true;
        is_begun.notify_all();
        try {
            while (true) {
                sink.add_row(Row{integer(1)});
            }
        } catch (const Exception&) {
            was_stopped = true;
            throw;
        }
    };
    const auto fail_beside_it = [&](const ScanRequest& request, RowSink& sink) {
        is_begun.wait(false); // else there is nothing to stop
        fails({}, "quota used up")(request, sink);
    };
    plugin_.connections = {{"a", has(numbers(), endless)}, {"b", has(numbers(), fail_beside_it)}};
    configure({"a", "b"});
    const Error error = error_of_scan({"x"});
    EXPECT_EQ(error.kind, ErrorKind::kRemote);
    EXPECT_EQ(error.message, "connection \"b\": quota used up");
    EXPECT_TRUE(was_stopped);
}

TEST_F(AggregateScan, warns_of_failed_children_when_it_may_be_partial) {
    plugin_.connections = {
        {"a", has(numbers(), sends({{integer(1)}}))},
        {"b", has(numbers(), fails({{integer(2)}}, "gone away"))},
        {"c", []() -> Tables { throw Exception(ErrorKind::kUnavailable, "no answer"); }}};
    configure({"a", "b", "c"}, true);
    EXPECT_THAT(scan({"x"}), UnorderedElementsAre(Row{integer(1)}, Row{integer(2)}));
    EXPECT_THAT(summary_.warnings,
                ElementsAre("connection \"b\" failed, its rows are missing: gone away",
                            "connection \"c\" failed, its rows are missing: no answer"));
}

TEST_F(AggregateScan, fails_when_its_own_sum_overflows_although_children_may_fail) {
    const TableSchema floats{.name = "t", .columns = {{"f", TypeId::kFloat8}}};
    plugin_.connections = {{"a", has(floats, sends({{1e308}}))},
                           {"b", has(floats, sends({{1e308}}))}};
    configure({"a", "b"}, true);
    ScanRequest request;
    request.connection = "all";
    request.table = "t";
    request.is_grouped = true;
    request.aggregates = {{AggregateFunction::kSum, "f", TypeId::kFloat8, {}}};
    BlockReader reader({{"sum", TypeId::kFloat8}}, [](const Row&) { FAIL() << "a sum"; });
    try {
        (void)store_->scan(request, reader);
        FAIL() << "nothing was thrown";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().sqlstate, "22003");
        EXPECT_EQ(exception.error().message, "value out of range: overflow");
    }
}

TEST_F(AggregateScan, asks_its_children_past_the_cache_when_it_is_asked_so) {
    std::atomic<int> scans = 0;
    plugin_.connections = {{"a", has(numbers(), [&](const ScanRequest&, RowSink&) { ++scans; })}};
    store_.emplace(plugin_, [](const std::string&) {}, CacheLimits{std::chrono::seconds(60)});
    store_->configure("a", Arguments{});
    store_->configure("all", Aggregate{{"a"}, false});
    ScanRequest request;
    request.connection = "all";
    request.table = "t";
    BlockReader reader({}, [](const Row&) {});
    (void)store_->scan(request, reader);
    (void)store_->scan(request, reader);
    EXPECT_EQ(scans, 1);
    request.is_cache_allowed = false;
    EXPECT_FALSE(store_->scan(request, reader).cache_age);
    EXPECT_EQ(scans, 2);
}

TEST_F(AggregateScan, takes_a_childs_own_not_found_for_a_failure) {
    plugin_.connections = {
        {"a", has(numbers(), sends({{integer(1)}}))},
        {"b", []() -> Tables { throw Exception(ErrorKind::kNotFound, "no such file"); }}};
    configure({"a", "b"}, true);
    EXPECT_THAT(scan({"x"}), ElementsAre(Row{integer(1)}));
    EXPECT_THAT(summary_.warnings, ElementsAre(HasSubstr("no such file")));
}

TEST_F(AggregateScan, fails_when_a_child_has_lost_a_table_that_it_had) {
    auto offered = has(numbers(), sends({{integer(1)}}))();
    plugin_.connections = {{"a", [&] { return offered; }}};
    configure({"a"});
    EXPECT_EQ(scan({"x"}).size(), 1U);
    store_->configure("a", Arguments{}); // as after an edit of the connection
    offered.clear();
    ScanRequest request;
    request.connection = "all";
    request.table = "t";
    BlockReader reader({}, [](const Row&) {});
    EXPECT_THROW((void)store_->scan(request, reader), Exception);
}

TEST_F(AggregateScan, passes_the_childrens_warnings_on) {
    plugin_.connections = {{"a", has(numbers(), [](const ScanRequest&, RowSink& sink) {
                                sink.add_warning("bad row skipped");
                            })}};
    configure({"a"});
    EXPECT_TRUE(scan({"x"}).empty());
    EXPECT_THAT(summary_.warnings, ElementsAre("connection \"a\": bad row skipped"));
}

TEST_F(AggregateScan, of_a_dynamic_plugin_needs_every_childs_tables_unless_it_may_be_partial) {
    plugin_.connections = {
        {"a", has(numbers(), sends({{integer(1)}}))},
        {"b", []() -> Tables { throw Exception(ErrorKind::kUnavailable, "no answer"); }}};
    configure({"a", "b"});
    EXPECT_EQ(error_of_scan({"x"}).message, "connection \"b\": no answer");
    configure({"a", "b"}, true);
    EXPECT_EQ(store_->describe("all").size(), 1U);
}

TEST_F(AggregateScan, of_a_static_plugin_takes_the_tables_of_any_child) {
    plugin_.is_dynamic = false;
    plugin_.connections = {
        {"a", []() -> Tables { throw Exception(ErrorKind::kUnavailable, "no answer"); }},
        {"b", has(numbers(), sends({{integer(2)}}))}};
    configure({"a", "b"});
    EXPECT_EQ(store_->describe("all").at(0).row_estimate, 2 * TableSchema().row_estimate);
    EXPECT_EQ(error_of_scan({"x"}).message, "connection \"a\": no answer");
}

TEST_F(AggregateScan, asks_no_child_for_a_table_that_it_does_not_have) {
    TableSchema other = numbers();
    other.name = "u";
    plugin_.connections = {{"a", has(numbers(), sends({{integer(1)}}))},
                           {"b", has(other, sends({{integer(2)}}))}};
    configure({"a", "b"});
    EXPECT_THAT(scan({"x"}), ElementsAre(Row{integer(1)}));
}

TEST_F(AggregateScan, sends_the_first_rows_of_all_children_together) {
    plugin_.connections = {{"a", has(numbers(), sends({{integer(4)}, {integer(1)}, {Value()}}))},
                           {"b", has(numbers(), sends({{integer(3)}, {integer(9)}}))}};
    configure({"a", "b"});
    EXPECT_THAT(scan({"x"}, {}, 0, {{"x"}}),
                UnorderedElementsAre(Row{integer(1)}, Row{integer(3)}));
    EXPECT_THAT(scan({"x"}, {}, 0, {{"x", true, true}}),
                UnorderedElementsAre(Row{Value()}, Row{integer(9)}));
}

TEST_F(AggregateScan, of_no_children_has_no_tables) {
    configure({});
    EXPECT_TRUE(store_->describe("all").empty());
}

TEST_F(AggregateScan, is_never_the_child_of_another) {
    plugin_.connections = {{"a", has(numbers(), sends({}))}};
    configure({"a"});
    store_->configure("more", Aggregate{{"all"}, false});
    try {
        (void)store_->describe("more");
        FAIL() << "nothing was thrown";
    } catch (const Exception& exception) {
        EXPECT_THAT(exception.what(), HasSubstr("connection \"all\" is an aggregator"));
    }
}

TEST(SideBySide, calls_each_number_once) {
    std::vector<std::atomic<int>> calls(1000);
    run_side_by_side(calls.size(), 7, [&](std::size_t index) { ++calls[index]; });
    for (const std::atomic<int>& count : calls) {
        EXPECT_EQ(count, 1);
    }
    run_side_by_side(0, 7, [](std::size_t) { FAIL() << "nothing to call"; });
}

} // namespace
} // namespace penstock
