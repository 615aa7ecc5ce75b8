#include "penstock/plugin/plugin.hpp"

#include <poll.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <utility>

/// Plugin `many`: as many tables with as many columns as a test asks for, all of them empty. Its
/// tables do not depend on anything outside, so thousands of connections share them. Plugin `gated`
/// is the same, but dynamic: each connection is asked for its tables, each time it appears.
#ifndef MANY_NAME
#define MANY_NAME "many"
#define MANY_IS_DYNAMIC false
#endif

namespace {

using namespace penstock;

class EmptyTable final : public Table {
  public:
    explicit EmptyTable(TableSchema schema) : schema_(std::move(schema)) {}
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    void scan(const ScanRequest& /*request*/, RowSink& /*rows*/) override {}

  private:
    const TableSchema schema_;
};

using Tables = std::vector<std::shared_ptr<Table>>;

Tables make_tables(std::int64_t table_count, std::int64_t column_count) {
    constexpr TypeId kTypes[] = {TypeId::kText, TypeId::kInt8, TypeId::kTimestamptz, TypeId::kJsonb,
                                 TypeId::kBool};
    Tables tables;
    for (std::int64_t table = 1; table <= table_count; ++table) {
        TableSchema schema;
        schema.name = "many_" + std::to_string(table);
        schema.description = "Table " + std::to_string(table) + ".";
        for (std::int64_t column = 1; column <= column_count; ++column) {
            const std::string number = std::to_string(column);
            schema.columns.push_back({"column_" + number,
                                      kTypes[static_cast<std::size_t>(column - 1) % 5],
                                      "Column " + number + ".", kEqualityOps});
        }
        tables.push_back(std::make_shared<EmptyTable>(std::move(schema)));
    }
    return tables;
}

class ManyConnection final : public Connection {
  public:
    ManyConnection(Tables tables, int delay_ms, std::string gate)
        : tables_(std::move(tables)), delay_ms_(delay_ms), gate_(std::move(gate)) {}
    [[nodiscard]] std::vector<std::shared_ptr<Table>> tables() override {
        (void)poll(nullptr, 0, delay_ms_); // a source that is slow to say what it has
        while (!gate_.empty() && access(gate_.c_str(), F_OK) != 0) {
            (void)poll(nullptr, 0, kGateLookMs);
        }
        return tables_;
    }

  private:
    static constexpr int kGateLookMs = 5;

    const Tables tables_;
    const int delay_ms_;
    const std::string gate_;
};

class ManyPlugin final : public Plugin {
  public:
    [[nodiscard]] PluginInfo info() const override {
        return {.name = MANY_NAME,
                .version = "0.1.0",
                .description = "Many empty tables, for tests.",
                .is_dynamic = MANY_IS_DYNAMIC,
                .arguments = {argument("tables", "100", "How many tables."),
                              argument("columns", "10", "How many columns each table has."),
                              argument("delay_ms", "0", "How long it takes to list them."),
                              argument("version", "0", "Changes nothing but the arguments."),
                              {.name = "gate",
                               .kind = ArgumentKind::kString,
                               .description = "Path; they are listed once such a file exists."}}};
    }

    [[nodiscard]] std::unique_ptr<Connection> connect(const ConnectionConfig& config,
                                                      ConnectionHost& /*host*/) override {
        const std::pair size{config.integer("tables").value_or(100),
                             config.integer("columns").value_or(10)};
        const std::lock_guard lock(mutex_);
        Tables& tables = tables_[size];
        if (tables.empty()) {
            tables = make_tables(size.first, size.second);
        }
        return std::make_unique<ManyConnection>(
            tables, static_cast<int>(config.integer("delay_ms").value_or(0)),
            config.text("gate").value_or(""));
    }

  private:
    static ArgumentSpec argument(std::string name, std::string default_text, std::string text) {
        return {.name = std::move(name),
                .kind = ArgumentKind::kInteger,
                .default_text = std::move(default_text),
                .description = std::move(text)};
    }

    std::mutex mutex_; ///< connections are made by several threads
    std::map<std::pair<std::int64_t, std::int64_t>, Tables> tables_;
};

} // namespace

int main(int argc, char** argv) {
    ManyPlugin plugin;
    return serve(plugin, argc, argv);
}
