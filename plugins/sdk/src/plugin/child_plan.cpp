#include "child_plan.hpp"

#include "aggregate.hpp"
#include "requested_column.hpp"

#include "penstock/types/like.hpp"

#include <algorithm>

namespace penstock {

namespace {

bool is_name_wanted(const Qual& qual, const std::string& child) {
    const bool is_listed =
        std::find(qual.values.begin(), qual.values.end(), Value(child)) != qual.values.end();
    switch (qual.op) {
    case QualOp::kEq:
    case QualOp::kIn:
        return is_listed;
    case QualOp::kNe:
        return !is_listed;
    case QualOp::kIsNull:
        return false;
    case QualOp::kLike: {
        const auto* pattern = std::get_if<std::string>(&qual.values.at(0));
        return pattern == nullptr || is_like(child, *pattern);
    }
    default:
        return true;
    }
}

ColumnSource source_of(const RequestedColumn& wanted, const TableSchema& schema,
                       ScanRequest& request) {
    using Kind = ColumnSource::Kind;
    if (wanted.name == kConnectionColumn) {
        return {Kind::kConnection};
    }
    if (wanted.name == kContextColumn) {
        return {Kind::kContext};
    }
    const Column* column = find_column(schema, wanted.name);
    if (column == nullptr) {
        return {Kind::kMissing};
    }
    const bool is_converted = column->type != wanted.type && wanted.type == TypeId::kJsonb;
    if (!is_converted) {
        static_cast<void>(position_of(wanted, schema)); // throws when the types differ
    }
    request.columns.push_back({column->name, column->type});
    return {is_converted ? Kind::kConverted : Kind::kChild, request.columns.size() - 1};
}

/// Takes the conditions that the child can be asked. False when no row of it can match.
bool take_quals(const std::vector<Qual>& quals, const TableSchema& schema, ScanRequest& request) {
    for (const Qual& qual : quals) {
        if (qual.column == kConnectionColumn) {
            continue;
        }
        if (find_column(schema, qual.column) != nullptr) {
            request.quals.push_back(qual);
        } else if (qual.op != QualOp::kIsNull) {
            return false; // the column is NULL in all its rows
        }
    }
    return true;
}

} // namespace

bool ChildPlan::is_as_is() const noexcept {
    for (std::size_t position = 0; position < columns.size(); ++position) {
        if (columns[position].kind != ColumnSource::Kind::kChild ||
            columns[position].index != position) {
            return false;
        }
    }
    return true;
}

bool may_match(const std::vector<Qual>& quals, const std::string& child) {
    return std::all_of(quals.begin(), quals.end(), [&](const Qual& qual) {
        return qual.column != kConnectionColumn || is_name_wanted(qual, child);
    });
}

std::optional<ChildPlan> plan_child(const ScanRequest& request, const std::string& child,
                                    const TableSchema& schema) {
    ChildPlan plan;
    plan.request.connection = child;
    plan.request.table = request.table;
    plan.request.row_target = request.row_target;
    plan.request.backend_pid = request.backend_pid;
    plan.request.user_name = request.user_name;
    plan.request.is_cache_allowed = request.is_cache_allowed;
    if (!take_quals(request.quals, schema, plan.request)) {
        return std::nullopt;
    }
    for (const RequestedColumn& wanted : request.columns) {
        plan.columns.push_back(source_of(wanted, schema, plan.request));
    }
    return plan;
}

} // namespace penstock
