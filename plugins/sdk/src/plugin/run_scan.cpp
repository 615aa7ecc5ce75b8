#include "run_scan.hpp"

#include "requested_column.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// May the table see this condition? Throws when it may not, but the server relies on it.
bool is_usable(const TableSchema& schema, const Qual& qual) {
    const Column* column = find_column(schema, qual.column);
    const bool is_offered = column != nullptr && column->type == qual.type &&
                            (column->exact.has(qual.op) || column->superset.has(qual.op));
    if (qual.is_exact && (!is_offered || !column->exact.has(qual.op))) {
        throw Exception(ErrorKind::kType,
                        "column \"" + qual.column + "\" of table \"" + schema.name +
                            "\" does not answer \"" + std::string(sign_of(qual.op)) +
                            "\" exactly any more",
                        "The definition of the foreign table differs from what the plugin offers.",
                        "Refresh the connection: select penstock.refresh('…').");
    }
    return is_offered;
}

bool has_key(const ScanRequest& request, const std::string& column) {
    return std::any_of(request.quals.begin(), request.quals.end(), [&](const Qual& qual) {
        return qual.column == column && (qual.op == QualOp::kEq || qual.op == QualOp::kIn);
    });
}

/// The server plans no such scan; a plugin started by hand or under test gets the same answer.
void check_keys(const TableSchema& schema, const ScanRequest& request) {
    std::string any_of;
    bool has_any_of = false;
    for (const Column& column : schema.columns) {
        if (column.key == KeyKind::kRequired && !has_key(request, column.name)) {
            throw Exception(ErrorKind::kKeyMissing,
                            "table \"" + schema.name + "\" needs a condition on column \"" +
                                column.name + '"',
                            {}, "Add a condition: where " + column.name + " = ….");
        }
        if (column.key == KeyKind::kAnyOf) {
            any_of += any_of.empty() ? "" : ", ";
            any_of += '"' + column.name + '"';
            has_any_of = has_any_of || has_key(request, column.name);
        }
    }
    if (!any_of.empty() && !has_any_of) {
        throw Exception(ErrorKind::kKeyMissing,
                        "table \"" + schema.name + "\" needs a condition on one of its key columns",
                        "The key columns are: " + any_of + '.',
                        "Add a condition with = or IN on one of them.");
    }
}

} // namespace

void fit_request(ScanRequest& request, const TableSchema& schema) {
    std::erase_if(request.quals, [&](const Qual& qual) { return !is_usable(schema, qual); });
    check_keys(schema, request);
}

ScanSummary run_scan(Table& table, ScanRequest request, BlockOutput& output) {
    const TableSchema& schema = table.schema();
    fit_request(request, schema);
    RowSink rows(request, schema, output);
    table.scan(request, rows);
    rows.finish();
    return {rows.row_count(), rows.source_bytes(), rows.warnings()};
}

} // namespace penstock
