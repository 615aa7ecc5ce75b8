#include "request_log.hpp"

#include "sql_text.hpp"

#include <algorithm>
#include <utility>

namespace spy {

using namespace penstock;

namespace {

constexpr std::size_t kMaxEntries = 2000;

std::string describe(const Qual& qual) {
    std::string text = qual.column + ' ' + std::string(sign_of(qual.op));
    for (const Value& value : qual.values) {
        text += ' ' + sql_text(value);
    }
    return text + (qual.is_exact ? " exact" : " superset");
}

/// `mid.k = 3 exact` of a source, `left: mid.k = small.k` of a step, `filter: small.k is_null`.
std::string describe(const Join& join, const char* what, const JoinCondition& condition) {
    const auto name_of_column = [&](const JoinColumn& column) {
        return join.sources.at(column.source).table + '.' + column.name;
    };
    std::string text = std::string(what) + ": " + name_of_column(condition.column) + ' ' +
                       std::string(sign_of(condition.op));
    for (const Value& value : condition.values) {
        text += ' ' + sql_text(value);
    }
    return condition.other ? text + ' ' + name_of_column(*condition.other) : text;
}

std::vector<std::string> describe(const Join& join) {
    std::vector<std::string> texts;
    for (const JoinSource& source : join.sources) {
        for (const Qual& qual : source.quals) {
            texts.push_back(source.table + '.' + describe(qual));
        }
    }
    for (const JoinStep& step : join.steps) {
        for (const JoinCondition& condition : step.conditions) {
            texts.push_back(describe(join, std::string(name_of(step.kind)).c_str(), condition));
        }
        for (const JoinCondition& condition : step.filter) {
            texts.push_back(describe(join, "filter", condition));
        }
    }
    return texts;
}

/// `mid, small`
std::string table_name_of(const ScanRequest& request) {
    std::string text = request.table;
    for (const JoinSource& source : request.join.sources) {
        text += (text.empty() ? "" : ", ") + source.table;
    }
    return text;
}

class RequestsTable final : public Table {
  public:
    explicit RequestsTable(std::shared_ptr<RequestLog> log) : log_(std::move(log)) {}
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }

    void scan(const ScanRequest& /*request*/, RowSink& rows) override {
        for (const RequestLog::Entry& entry : log_->entries()) {
            std::vector<std::string> columns;
            for (const RequestedColumn& column : entry.request.columns) {
                columns.push_back(column.name);
            }
            std::vector<std::string> quals = describe(entry.request.join);
            for (const Qual& qual : entry.request.quals) {
                quals.push_back(describe(qual));
            }
            rows.add_row(std::vector<Value>{
                entry.number, entry.request.connection, table_name_of(entry.request),
                std::move(columns), std::move(quals),
                static_cast<std::int64_t>(entry.request.row_target), entry.request.backend_pid,
                entry.request.user_name, entry.state, static_cast<std::int64_t>(entry.row_count)});
        }
    }

  private:
    const std::shared_ptr<RequestLog> log_;
    const TableSchema schema_{
        .name = "requests",
        .description = "The last requests of all connections, the oldest first.",
        .columns = {{"number", TypeId::kInt8, "1, 2, … in the order of arrival."},
                    {"connection", TypeId::kText, ""},
                    {"table_name", TypeId::kText, "Several for a join."},
                    {"columns", TypeId::kTextArray, "Names of the requested columns."},
                    {"quals", TypeId::kTextArray, "Column, operator, values, exact or superset."},
                    {"row_target", TypeId::kInt8, "0 = all rows."},
                    {"backend_pid", TypeId::kInt8, ""},
                    {"user_name", TypeId::kText, ""},
                    {"state", TypeId::kText, "running, done, cancelled, failed."},
                    {"row_count", TypeId::kInt8, "Rows that were made."}}};
};

class PushedTable final : public Table {
  public:
    explicit PushedTable(std::shared_ptr<RequestLog> log) : log_(std::move(log)) {}
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }

    void scan(const ScanRequest& /*request*/, RowSink& rows) override {
        for (const auto& [key, count] : log_->pushed()) {
            std::vector<Value> row(key.begin(), key.end());
            row.emplace_back(count);
            rows.add_row(row);
        }
    }

  private:
    const std::shared_ptr<RequestLog> log_;
    const TableSchema schema_{
        .name = "pushed",
        .description = "How often each kind of condition was pushed.",
        .columns = {{"connection", TypeId::kText, ""},
                    {"table_name", TypeId::kText, ""},
                    {"column_name", TypeId::kText, ""},
                    {"operator", TypeId::kText, ""},
                    {"how", TypeId::kText, "exact or superset."},
                    {"requests", TypeId::kInt8, "Since the process started."}}};
};

} // namespace

std::int64_t RequestLog::add(const ScanRequest& request) {
    const std::lock_guard lock(mutex_);
    for (const Qual& qual : request.quals) {
        ++pushed_[{request.connection, request.table, qual.column, std::string(sign_of(qual.op)),
                   qual.is_exact ? "exact" : "superset"}];
    }
    entries_.push_back({++last_number_, request});
    if (entries_.size() > kMaxEntries) {
        entries_.pop_front();
    }
    return last_number_;
}

void RequestLog::finish(std::int64_t number, std::string state, std::uint64_t row_count) {
    const std::lock_guard lock(mutex_);
    const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& each) { return each.number == number; });
    if (entry != entries_.end()) {
        entry->state = std::move(state);
        entry->row_count = row_count;
    }
}

std::deque<RequestLog::Entry> RequestLog::entries() const {
    const std::lock_guard lock(mutex_);
    return entries_;
}

RequestLog::Pushed RequestLog::pushed() const {
    const std::lock_guard lock(mutex_);
    return pushed_;
}

std::vector<std::shared_ptr<Table>> make_log_tables(const std::shared_ptr<RequestLog>& log) {
    return {std::make_shared<RequestsTable>(log), std::make_shared<PushedTable>(log)};
}

} // namespace spy
