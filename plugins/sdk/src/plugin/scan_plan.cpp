#include "scan_plan.hpp"

#include "requested_column.hpp"

#include "penstock/types/evaluator.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

bool has_key(const std::vector<Qual>& quals, const std::string& column) {
    return std::any_of(quals.begin(), quals.end(), [&](const Qual& qual) {
        return qual.column == column && (qual.op == QualOp::kEq || qual.op == QualOp::kIn);
    });
}

} // namespace

void check_keys(const TableSchema& schema, const std::vector<Qual>& quals) {
    std::string any_of;
    bool has_any_of = false;
    for (const Column& column : schema.columns) {
        if (column.key == KeyKind::kRequired && !has_key(quals, column.name)) {
            throw Exception(ErrorKind::kKeyMissing,
                            "table \"" + schema.name + "\" needs a condition on column \"" +
                                column.name + '"',
                            {}, "Add a condition: where " + column.name + " = ….");
        }
        if (column.key == KeyKind::kAnyOf) {
            any_of += any_of.empty() ? "" : ", ";
            any_of += '"' + column.name + '"';
            has_any_of = has_any_of || has_key(quals, column.name);
        }
    }
    if (!any_of.empty() && !has_any_of) {
        throw Exception(ErrorKind::kKeyMissing,
                        "table \"" + schema.name + "\" needs a condition on one of its key columns",
                        "The key columns are: " + any_of + '.',
                        "Add a condition with = or IN on one of them.");
    }
}

namespace {

/// Part of a table that is not read in parts would be all of it, each time.
void check_parts(const TableSchema& schema, const ScanRequest& request) {
    if (request.part_count > std::max<std::uint32_t>(schema.max_parts, 1)) {
        throw Exception(ErrorKind::kType,
                        "table \"" + schema.name + "\" cannot be read in " +
                            std::to_string(request.part_count) + " parts any more",
                        "The definition of the foreign table differs from what the plugin offers.",
                        "Refresh the connection: select penstock.refresh('…').");
    }
}

/// Do rows that always come by `ordered` come by `wanted`?
bool starts_with(const std::vector<SortKey>& ordered, const std::vector<SortKey>& wanted) {
    return wanted.size() <= ordered.size() &&
           std::equal(wanted.begin(), wanted.end(), ordered.begin());
}

bool can_table_sort(const TableSchema& schema, const std::vector<SortKey>& sort) {
    return std::all_of(sort.begin(), sort.end(), [&](const SortKey& key) {
        const Column* column = find_column(schema, key.column);
        return column != nullptr && column->is_sortable;
    });
}

/// The order goes to the table, unless its rows have it anyway.
void divide_order(const TableSchema& schema, std::vector<SortKey> sort, ScanPlan& plan) {
    if (starts_with(schema.ordered_by, sort)) {
        return;
    }
    if (!can_table_sort(schema, sort)) {
        throw Exception(ErrorKind::kType,
                        "table \"" + schema.name + "\" is not ordered by " + to_text(sort) +
                            " any more",
                        "The definition of the foreign table differs from what the plugin offers.",
                        "Refresh the connection: select penstock.refresh('…').");
    }
    plan.request.sort = std::move(sort);
}

/// The SDK keeps the first rows of the order.
void keep_top(const std::vector<SortKey>& sort, ScanPlan& plan) {
    plan.top_count = std::exchange(plan.row_limit, 0);
    for (const SortKey& key : sort) {
        const std::size_t position = key.aggregate > 0 ? plan.wanted_columns + key.aggregate - 1
                                                       : plan.position_of(key.column);
        plan.top.push_back({position, key.is_descending, key.is_nulls_first});
    }
}

/// How many of the table's rows are read, if that is known.
std::uint64_t row_target(const ScanPlan& plan) {
    if (plan.is_grouped || !plan.evaluated.empty() || !plan.top.empty()) {
        return 0;
    }
    return plan.request.row_target > 0 ? plan.request.row_target : plan.row_limit;
}

bool is_empty_list(const Qual& qual) {
    return qual.op == QualOp::kIn && qual.values.empty();
}

/// A condition to the table, to the SDK, to both, or to nobody.
void divide(const TableSchema& schema, Qual qual, ScanPlan& plan) {
    if (is_empty_list(qual)) {
        plan.is_never = plan.is_never || qual.is_exact;
        return;
    }
    const Column* column = find_column(schema, qual.column);
    const bool has_type = column != nullptr && column->type == qual.type;
    const bool is_exact = has_type && column->exact.has(qual.op);
    if (qual.is_exact && !is_exact) {
        if (!has_type || !can_evaluate(qual.type, qual.op)) {
            throw Exception(not_exact(schema, qual.column, qual.op));
        }
        plan.evaluated.push_back(qual);
    }
    if (is_exact || (has_type && column->superset.has(qual.op))) {
        qual.is_exact = qual.is_exact && is_exact;
        plan.request.quals.push_back(std::move(qual));
    }
}

/// The SDK reads this column too.
void need_column(const std::string& name, TypeId type, ScanPlan& plan) {
    const RequestedColumn wanted{name, type};
    std::vector<RequestedColumn>& columns = plan.request.columns;
    if (std::find(columns.begin(), columns.end(), wanted) == columns.end()) {
        columns.push_back(wanted);
    }
}

void need_columns(const std::vector<Qual>& quals, ScanPlan& plan) {
    for (const Qual& qual : quals) {
        need_column(qual.column, qual.type, plan);
    }
}

} // namespace

std::size_t ScanPlan::position_of(const std::string& column) const {
    const auto found = std::find_if(request.columns.begin(), request.columns.end(),
                                    [&](const auto& entry) { return entry.name == column; });
    return static_cast<std::size_t>(found - request.columns.begin());
}

ScanPlan plan_scan(ScanRequest request, const TableSchema& schema) {
    ScanPlan plan;
    std::vector<Qual> quals = std::move(request.quals);
    plan.request = std::move(request);
    plan.request.quals.clear();
    plan.wanted_columns = plan.request.columns.size();
    plan.is_grouped = std::exchange(plan.request.is_grouped, false);
    plan.aggregates = std::exchange(plan.request.aggregates, {});
    plan.row_limit = std::exchange(plan.request.row_limit, 0);
    std::vector<SortKey> sort = std::exchange(plan.request.sort, {});
    if (std::exchange(plan.request.is_top, false)) {
        keep_top(sort, plan);
    } else {
        divide_order(schema, std::move(sort), plan);
    }
    for (Qual& qual : quals) {
        divide(schema, std::move(qual), plan);
    }
    need_columns(plan.evaluated, plan);
    for (const AggregateCall& call : plan.aggregates) {
        if (!call.column.empty()) {
            need_column(call.column, call.type, plan);
        }
        need_columns(call.filter, plan);
    }
    plan.request.row_target = row_target(plan);
    for (const RequestedColumn& column : plan.request.columns) {
        static_cast<void>(penstock::position_of(column, schema));
    }
    if (!plan.is_never) {
        check_keys(schema, plan.request.quals);
        check_parts(schema, plan.request);
    }
    return plan;
}

} // namespace penstock
