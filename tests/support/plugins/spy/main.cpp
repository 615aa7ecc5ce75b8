#include "data_table.hpp"
#include "faults_table.hpp"
#include "join_rows.hpp"
#include "sql_text.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

/// Plugin `spy`: known rows with promises drawn at random, a log of what was asked, and faults on
/// demand. `spy --copy SEED TABLE` prints a table's rows for COPY; tests make heap tables of it.
namespace {

using namespace penstock;

/// A table that PostgreSQL could not make as it is.
class MisshapenTable final : public Table {
  public:
    explicit MisshapenTable(const std::string& shape) {
        schema_.name = "misshapen";
        schema_.columns = {{"a", TypeId::kText, ""}};
        if (shape == "wide") {
            for (int column = 1; column <= 1600; ++column) {
                schema_.columns.push_back({"c" + std::to_string(column), TypeId::kInt8, ""});
            }
        } else if (shape == "twins") {
            schema_.columns.push_back(schema_.columns.front());
        } else if (shape == "long_column") {
            schema_.columns.push_back({std::string(64, 'c'), TypeId::kInt8, ""});
        } else if (shape == "long_name") {
            schema_.name = std::string(64, 't');
        } else if (shape == "no_columns") {
            schema_.columns.clear();
        } else if (shape == "system_column") {
            schema_.columns.push_back({"ctid", TypeId::kInt8, ""});
        }
    }
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    void scan(const ScanRequest& /*request*/, RowSink& /*rows*/) override {}

  private:
    TableSchema schema_;
};

class SpyConnection final : public Connection {
  public:
    /// `join_fault`: what is wrong with the rows of joins; see SpyPlugin::info().
    SpyConnection(std::vector<std::shared_ptr<Table>> tables, std::string act,
                  std::shared_ptr<spy::RequestLog> log, std::string join_fault)
        : tables_(std::move(tables)), act_(std::move(act)), log_(std::move(log)),
          join_fault_(std::move(join_fault)) {}
    [[nodiscard]] std::vector<std::shared_ptr<Table>> tables() override {
        spy::act_out(act_);
        return tables_;
    }

    void join(const ScanRequest& request, RowSink& rows) override {
        spy::record(*log_, request, rows, [&] {
            std::vector<spy::JoinInput> inputs;
            for (const JoinSource& source : request.join.sources) {
                inputs.push_back(input_of(source.table));
            }
            const auto look_up = [&] { rows.check_cancelled(); };
            for (spy::Row& row : spy::join_rows(request.join, inputs, look_up)) {
                send(std::move(row), rows);
            }
        });
    }

  private:
    void send(spy::Row row, RowSink& rows) const {
        if (join_fault_ == "columns") {
            row.emplace_back(std::int64_t{1});
        } else if (join_fault_ == "types") {
            row.assign(row.size(), std::string("not what was asked for"));
        }
        if (row.empty()) {
            rows.add_count(1);
        } else {
            rows.add_row(row);
        }
    }

    [[nodiscard]] spy::JoinInput input_of(const std::string& name) const {
        for (const std::shared_ptr<Table>& table : tables_) {
            const auto* joinable = dynamic_cast<const spy::JoinableTable*>(table.get());
            if (joinable != nullptr && table->schema().name == name) {
                return {&table->schema().columns, &joinable->rows()};
            }
        }
        throw Exception(ErrorKind::kNotFound, "no rows of table \"" + name + "\" to join");
    }

    const std::vector<std::shared_ptr<Table>> tables_;
    const std::string act_;
    const std::shared_ptr<spy::RequestLog> log_;
    const std::string join_fault_;
};

class SpyPlugin final : public Plugin {
  public:
    [[nodiscard]] PluginInfo info() const override {
        return {.name = "spy",
                .version = "0.1.0",
                .description = "Known rows and a log of what was asked, for tests.",
                .is_dynamic = true,
                .arguments = {number("data_seed", "1", "Which rows."),
                              number("seed", "0", "Which promises: 0 none, 1 all, others drawn."),
                              text("at_connect", "What to do at the start, as in table faults."),
                              text("at_tables", "What to do when the tables are asked for."),
                              text("join_fault", "Rows of joins that are wrong: columns (one "
                                                 "too many), types (all text)."),
                              text("shape", "A table more: wide, twins, long_column, long_name, "
                                            "no_columns, system_column.")}};
    }

    [[nodiscard]] std::unique_ptr<Connection> connect(const ConnectionConfig& config,
                                                      ConnectionHost& /*host*/) override {
        spy::act_out(config.text("at_connect").value_or(""));
        const auto data_seed = static_cast<std::uint64_t>(config.integer("data_seed").value_or(1));
        const auto seed = static_cast<std::uint64_t>(config.integer("seed").value_or(0));
        auto tables = spy::make_data_tables(data_seed, seed, log_);
        for (const std::shared_ptr<Table>& table : spy::make_log_tables(log_)) {
            tables.push_back(table);
        }
        tables.push_back(spy::make_faults_table(log_));
        tables.push_back(spy::make_acts_table());
        if (config.has("shape")) {
            tables.push_back(std::make_shared<MisshapenTable>(*config.text("shape")));
        }
        return std::make_unique<SpyConnection>(std::move(tables),
                                               config.text("at_tables").value_or(""), log_,
                                               config.text("join_fault").value_or(""));
    }

  private:
    static ArgumentSpec number(std::string name, std::string default_text, std::string text) {
        return {.name = std::move(name),
                .kind = ArgumentKind::kInteger,
                .default_text = std::move(default_text),
                .description = std::move(text)};
    }

    static ArgumentSpec text(std::string name, std::string description) {
        return {.name = std::move(name),
                .kind = ArgumentKind::kString,
                .description = std::move(description)};
    }

    const std::shared_ptr<spy::RequestLog> log_ = std::make_shared<spy::RequestLog>();
};

/// Returns: false when there is no such table.
bool print_copy(std::uint64_t data_seed, const std::string& table_name) {
    for (const spy::DataTable& table : spy::make_data(data_seed)) {
        if (table.name != table_name) {
            continue;
        }
        for (const spy::Row& row : table.rows) {
            std::string line;
            for (const Value& value : row) {
                line += (line.empty() ? "" : "\t") + spy::copy_field(value);
            }
            std::puts(line.c_str());
        }
        return true;
    }
    return false;
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 4 && std::strcmp(argv[1], "--copy") == 0) {
        return print_copy(std::strtoull(argv[2], nullptr, 10), argv[3]) ? 0 : 2;
    }
    SpyPlugin plugin;
    return serve(plugin, argc, argv);
}
