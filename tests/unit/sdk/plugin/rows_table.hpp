#pragma once

#include "plugin/block_reader.hpp"
#include "plugin/run_scan.hpp"

#include "penstock/types/evaluator.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

/// What the SDK computes over a table's rows, without processes.
namespace penstock {

using Row = std::vector<Value>;

/// A table of rows that answers no condition itself.
class RowsTable final : public Table {
  public:
    RowsTable(std::vector<Column> columns, std::vector<Row> rows, std::vector<SortKey> order = {})
        : schema_{.name = "rows", .columns = std::move(columns), .ordered_by = std::move(order)},
          rows_(std::move(rows)) {}
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    void scan(const ScanRequest& request, RowSink& sink) override {
        asked = request;
        for (const Row& row : rows_) {
            ++sent;
            sink.add_row(row);
        }
    }
    ScanRequest asked; ///< by the last scan
    std::size_t sent = 0;

  private:
    const TableSchema schema_;
    const std::vector<Row> rows_;
};

inline std::vector<Row> run(Table& table, ScanRequest request) {
    std::vector<RequestedColumn> answer = request.columns;
    for (const AggregateCall& call : request.aggregates) {
        answer.push_back({call.column, *aggregate_result(call.function, call.type)});
    }
    std::vector<Row> rows;
    BlockReader reader(answer, [&](Row row) { rows.push_back(std::move(row)); });
    const ScanSummary summary = run_scan(table, std::move(request), reader);
    EXPECT_EQ(summary.row_count, reader.row_count());
    return rows;
}

inline Qual exact(const std::string& column, QualOp op, TypeId type, std::vector<Value> values) {
    return {column, op, type, std::move(values), true};
}

inline ScanRequest grouped(std::vector<RequestedColumn> keys, std::vector<AggregateCall> calls) {
    ScanRequest request;
    request.table = "rows";
    request.columns = std::move(keys);
    request.is_grouped = true;
    request.aggregates = std::move(calls);
    return request;
}

inline AggregateCall call_of(AggregateFunction function, const std::string& column, TypeId type) {
    return {function, column, type, {}};
}

} // namespace penstock
