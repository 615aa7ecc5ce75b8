#include "penstock/plugin/plugin.hpp"

#include <poll.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <string>
#include <utility>

/// Plugin `slow`: a source that takes its time and remembers what it was asked, for tests of how
/// often and how early scans ask. Every scan of every connection but those of slow_calls is one
/// row of slow_calls, in the order in which they ended.
namespace {

using namespace penstock;

constexpr int kSliceMs = 5;

/// One scan that ended.
struct Call {
    std::string connection;
    std::string table;
    std::int64_t keys; ///< values of its first condition
    std::int64_t rows; ///< sent
    bool was_cancelled;
};

/// What was asked of this process.
class CallLog {
  public:
    void add(Call call) {
        const std::lock_guard lock(mutex_);
        calls_.push_back(std::move(call));
    }
    [[nodiscard]] std::vector<Call> calls() const {
        const std::lock_guard lock(mutex_);
        return calls_;
    }

  private:
    mutable std::mutex mutex_; ///< scans end in threads of their own
    std::vector<Call> calls_;
};

/// A table that answers late and logs each call.
class SlowTable : public Table {
  public:
    SlowTable(TableSchema schema, std::shared_ptr<CallLog> log, int delay_ms)
        : schema_(std::move(schema)), log_(std::move(log)), delay_ms_(delay_ms) {}
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    void scan(const ScanRequest& request, RowSink& rows) override {
        const auto key_count =
            request.quals.empty() ? 0 : static_cast<std::int64_t>(request.quals[0].values.size());
        Call call{request.connection, request.table, key_count, 0, true};
        try {
            wait(rows);
            send(request, rows);
            call.was_cancelled = false;
        } catch (...) {
            log(std::move(call), rows);
            throw;
        }
        log(std::move(call), rows);
    }

  protected:
    virtual void send(const ScanRequest& request, RowSink& rows) = 0;

  private:
    void log(Call call, const RowSink& rows) {
        call.rows = static_cast<std::int64_t>(rows.row_count());
        log_->add(std::move(call));
    }
    void wait(RowSink& rows) const {
        for (int waited = 0; waited < delay_ms_; waited += kSliceMs) {
            (void)poll(nullptr, 0, std::min(kSliceMs, delay_ms_ - waited));
            rows.check_cancelled();
        }
    }

    const TableSchema schema_;
    const std::shared_ptr<CallLog> log_;
    const int delay_ms_;
};

/// The numbers from 1 to `count`.
class RowsTable final : public SlowTable {
  public:
    RowsTable(std::string name, std::int64_t count, std::shared_ptr<CallLog> log, int delay_ms)
        : SlowTable({.name = std::move(name),
                     .description = "Numbers.",
                     .columns = {{"n", TypeId::kInt8, "The number."}},
                     .row_estimate = static_cast<double>(std::min<std::int64_t>(count, 1'000'000)),
                     .startup_cost_ms = static_cast<double>(delay_ms)},
                    std::move(log), delay_ms),
          count_(count) {}

  private:
    void send(const ScanRequest& request, RowSink& rows) override {
        for (std::int64_t number = 1; number <= count_; ++number) {
            if (request.columns.empty()) {
                rows.add_count(1);
            } else {
                rows.add_row(std::vector<Value>{number});
            }
        }
    }

    const std::int64_t count_;
};

/// Looks up keys: one row for each even one, two for each that is divisible by ten.
class LookupTable final : public SlowTable {
  public:
    LookupTable(std::shared_ptr<CallLog> log, int delay_ms)
        : SlowTable({.name = "slow_lookup",
                     .description = "Even numbers, one call for all that are asked for.",
                     .columns = {{.name = "key",
                                  .type = TypeId::kInt8,
                                  .description = "It.",
                                  .exact = kEqualityOps,
                                  .key = KeyKind::kRequired,
                                  .batch = 1000},
                                 {"half", TypeId::kInt8, "Half of it."}},
                     .row_estimate = 1000,
                     .startup_cost_ms = static_cast<double>(delay_ms)},
                    std::move(log), delay_ms) {}

  private:
    void send(const ScanRequest& request, RowSink& rows) override {
        std::set<std::int64_t> keys;
        for (const Value& value : request.quals.at(0).values) {
            keys.insert(std::get<std::int64_t>(value));
        }
        for (const std::int64_t key : keys) {
            const bool is_wanted =
                std::all_of(request.quals.begin(), request.quals.end(), [&](const Qual& qual) {
                    return std::find(qual.values.begin(), qual.values.end(), Value(key)) !=
                           qual.values.end();
                });
            const int copies = !is_wanted || key % 2 != 0 ? 0 : key % 10 == 0 ? 2 : 1;
            for (int copy = 0; copy < copies; ++copy) {
                rows.add_row(std::vector<Value>{key, key / 2});
            }
        }
    }
};

class CallsTable final : public Table {
  public:
    explicit CallsTable(std::shared_ptr<CallLog> log) : log_(std::move(log)) {}
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    void scan(const ScanRequest& request, RowSink& rows) override {
        std::int64_t number = 0;
        for (const Call& call : log_->calls()) {
            ++number;
            if (request.columns.empty()) {
                rows.add_count(1);
            } else {
                rows.add_row(std::vector<Value>{number, call.connection, call.table, call.keys,
                                                call.rows, call.was_cancelled});
            }
        }
    }

  private:
    const std::shared_ptr<CallLog> log_;
    const TableSchema schema_{.name = "slow_calls",
                              .description = "The scans that ended.",
                              .columns = {{"call", TypeId::kInt8, "1, 2, 3 …"},
                                          {"connection", TypeId::kText, "Which was asked."},
                                          {"table_name", TypeId::kText, "Which was scanned."},
                                          {"keys", TypeId::kInt8, "Values of its condition."},
                                          {"rows", TypeId::kInt8, "How many it sent."},
                                          {"was_cancelled", TypeId::kBool, "Did it end early?"}}};
};

class SlowConnection final : public Connection {
  public:
    SlowConnection(const ConnectionConfig& config, const std::shared_ptr<CallLog>& log) {
        const int delay_ms = static_cast<int>(config.integer("delay_ms").value_or(0));
        tables_ = {
            std::make_shared<RowsTable>("slow_rows", config.integer("rows").value_or(10), log,
                                        delay_ms),
            std::make_shared<RowsTable>("slow_endless", INT64_MAX, log, delay_ms),
            std::make_shared<LookupTable>(log, delay_ms),
            std::make_shared<CallsTable>(log),
        };
    }
    [[nodiscard]] std::vector<std::shared_ptr<Table>> tables() override { return tables_; }

  private:
    std::vector<std::shared_ptr<Table>> tables_;
};

class SlowPlugin final : public Plugin {
  public:
    [[nodiscard]] PluginInfo info() const override {
        return {.name = "slow",
                .version = "0.1.0",
                .description = "A source that takes its time, for tests.",
                .is_dynamic = true, // the estimate of the delay is each connection's own
                .arguments = {argument("rows", "10", "How many rows slow_rows has."),
                              argument("delay_ms", "0", "How long each scan waits.")}};
    }
    [[nodiscard]] std::unique_ptr<Connection> connect(const ConnectionConfig& config,
                                                      ConnectionHost& /*host*/) override {
        return std::make_unique<SlowConnection>(config, log_);
    }

  private:
    static ArgumentSpec argument(std::string name, std::string default_text, std::string text) {
        return {.name = std::move(name),
                .kind = ArgumentKind::kInteger,
                .default_text = std::move(default_text),
                .description = std::move(text)};
    }

    const std::shared_ptr<CallLog> log_ = std::make_shared<CallLog>();
};

} // namespace

int main(int argc, char** argv) {
    SlowPlugin plugin;
    return serve(plugin, argc, argv);
}
