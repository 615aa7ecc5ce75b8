#include "plugin.hpp"

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>

namespace example {

using namespace penstock;

namespace {

/// The smallest table: a schema, and a scan that sends rows.
class HelloTable final : public Table {
  public:
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    void scan(const ScanRequest& /*request*/, RowSink& rows) override {
        const Value greetings[][2] = {{"hello", "world"}, {"bonjour", "tout le monde"}};
        for (const auto& greeting : greetings) {
            rows.add_row(greeting);
        }
    }

  private:
    const TableSchema schema_{.name = "example_hello",
                              .description = "Greetings: the smallest table.",
                              .columns = {{"greeting", TypeId::kText, "What is said."},
                                          {"to_whom", TypeId::kText, "Who is meant."}},
                              .row_estimate = 2};
};

/// Rows that are counted out. `id` answers every comparison exactly, so the server drops its own
/// check and a query for one id makes one row.
class NumbersTable final : public Table {
  public:
    explicit NumbersTable(std::int64_t row_count) : row_count_(row_count) {
        schema_.row_estimate = static_cast<double>(row_count);
    }
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }

    void scan(const ScanRequest& request, RowSink& rows) override {
        for (std::int64_t id = first_id(request); id <= last_id(request); ++id) {
            if (!is_wanted(request, id)) {
                rows.check_cancelled(); // no row, so the sink does not look
                continue;
            }
            rows.add_row(std::vector<Value>{id, id % 2 == 0, static_cast<double>(id) / 2,
                                            id % 10 == 0 ? Value() : Value(std::to_string(id))});
        }
    }

  private:
    [[nodiscard]] std::int64_t first_id(const ScanRequest& request) const {
        std::int64_t first = 1;
        for (const Qual& qual : request.quals) {
            if (qual.op == QualOp::kEq || qual.op == QualOp::kGe) {
                first = std::max(first, std::get<std::int64_t>(qual.values[0]));
            }
        }
        return first;
    }
    [[nodiscard]] std::int64_t last_id(const ScanRequest& request) const {
        std::int64_t last = row_count_;
        for (const Qual& qual : request.quals) {
            if (qual.op == QualOp::kEq || qual.op == QualOp::kLe) {
                last = std::min(last, std::get<std::int64_t>(qual.values[0]));
            }
        }
        return last;
    }
    /// All conditions of a request are joined by AND, and only `id` offers any.
    static bool is_wanted(const ScanRequest& request, std::int64_t id) {
        return std::all_of(request.quals.begin(), request.quals.end(), [&](const Qual& qual) {
            const auto is = [&](auto compare) {
                return std::any_of(qual.values.begin(), qual.values.end(), [&](const Value& value) {
                    return compare(id, std::get<std::int64_t>(value));
                });
            };
            switch (qual.op) {
            case QualOp::kNe:
                return is(std::not_equal_to<>());
            case QualOp::kLt:
                return is(std::less<>());
            case QualOp::kLe:
                return is(std::less_equal<>());
            case QualOp::kGt:
                return is(std::greater<>());
            case QualOp::kGe:
                return is(std::greater_equal<>());
            default:
                return is(std::equal_to<>()); // = and IN
            }
        });
    }

    std::int64_t row_count_;
    TableSchema schema_{
        .name = "example_numbers",
        .description = "The whole numbers from 1 to the connection's argument rows.",
        .columns = {{.name = "id",
                     .type = TypeId::kInt8,
                     .description = "The number.",
                     .exact = kComparisonOps,
                     .is_unique = true},
                    {.name = "is_even",
                     .type = TypeId::kBool,
                     .description = "Is it even?",
                     .distinct_estimate = 2},
                    {"half", TypeId::kFloat8, "Half of it."},
                    {"digits", TypeId::kText, "It in decimal; NULL for multiples of ten."}},
        .ordered_by = {{"id"}}};
};

/// A table that cannot be listed: it needs to be told a key.
class EchoTable final : public Table {
  public:
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    void scan(const ScanRequest& request, RowSink& rows) override {
        std::vector<std::string> words;
        for (const Value& value : request.quals.at(0).values) {
            words.push_back(std::get<std::string>(value));
        }
        std::sort(words.begin(), words.end());
        words.erase(std::unique(words.begin(), words.end()), words.end());
        for (const std::string& word : words) {
            if (is_in_all(request, word)) {
                rows.add_row(std::vector<Value>{word, static_cast<std::int64_t>(word.size())});
            }
        }
    }

  private:
    static bool is_in_all(const ScanRequest& request, const std::string& word) {
        return std::all_of(request.quals.begin(), request.quals.end(), [&](const Qual& qual) {
            return std::find(qual.values.begin(), qual.values.end(), Value(word)) !=
                   qual.values.end();
        });
    }

    const TableSchema schema_{
        .name = "example_echo",
        .description = "Gives back each word that is asked for.",
        .columns = {{"word", TypeId::kText, "The word.", kEqualityOps, {}, KeyKind::kRequired},
                    {"bytes", TypeId::kInt4, "Its length in bytes."}},
        .row_estimate = 1};
};

class ExampleConnection final : public Connection {
  public:
    explicit ExampleConnection(std::int64_t row_count)
        : tables_{std::make_shared<HelloTable>(), std::make_shared<NumbersTable>(row_count),
                  make_wide_table(row_count), make_types_table(), std::make_shared<EchoTable>()} {}
    [[nodiscard]] std::vector<std::shared_ptr<Table>> tables() override { return tables_; }

  private:
    std::vector<std::shared_ptr<Table>> tables_;
};

} // namespace

PluginInfo ExamplePlugin::info() const {
    return {.name = "example",
            .version = "0.1.0",
            .description = "Generated tables to learn from and to test with.",
            .arguments = {{.name = "rows",
                           .kind = ArgumentKind::kInteger,
                           .default_text = "1000",
                           .description = "How many rows example_numbers and example_wide have."}}};
}

std::unique_ptr<Connection> ExamplePlugin::connect(const ConnectionConfig& config,
                                                   ConnectionHost& /*host*/) {
    const std::int64_t row_count = config.integer("rows").value_or(1000);
    if (row_count < 0) {
        Error error = Error::make(ErrorKind::kOption, "argument \"rows\" must not be negative");
        error.argument = "rows";
        throw Exception(std::move(error));
    }
    return std::make_unique<ExampleConnection>(row_count);
}

} // namespace example
