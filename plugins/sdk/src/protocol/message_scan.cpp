#include "message_scan_parts.hpp"

#include "penstock/types/evaluator.hpp"

#include <algorithm>

namespace penstock {

Error refuse_scan(const std::string& what) {
    return Error::make(ErrorKind::kProtocol, "malformed scan request: " + what);
}

Result<TypeId> type_from_wire(std::uint32_t number) {
    const TypeInfo* type = number <= UINT8_MAX ? find_type(static_cast<TypeId>(number)) : nullptr;
    if (type == nullptr) {
        return refuse_scan("unknown type " + std::to_string(number));
    }
    return type->id;
}

Result<QualOp> op_from_wire(std::uint32_t number) {
    if (number < static_cast<std::uint32_t>(QualOp::kEq) ||
        number > static_cast<std::uint32_t>(QualOp::kLike)) {
        return refuse_scan("unknown operator " + std::to_string(number));
    }
    return static_cast<QualOp>(number);
}

namespace {

/// How many values an operator takes.
bool is_value_count_right(QualOp op, int count) {
    switch (op) {
    case QualOp::kIn:
        return true;
    case QualOp::kIsNull:
    case QualOp::kIsNotNull:
        return count == 0;
    default:
        return count == 1;
    }
}

Result<Qual> read_qual(const wire::ScanQual& from) {
    const Result<QualOp> op = op_from_wire(from.op());
    if (!op) {
        return op.error();
    }
    const Result<TypeId> type = type_from_wire(from.type());
    if (!type) {
        return type.error();
    }
    if (!is_value_count_right(op.value(), from.values_size())) {
        return refuse_scan(std::to_string(from.values_size()) + " values for operator \"" +
                           std::string(sign_of(op.value())) + '"');
    }
    Result<std::vector<Value>> values = read_values(from.values(), type.value(), from.column());
    if (!values) {
        return values.error();
    }
    return Qual{from.column(), op.value(), type.value(), std::move(values).value(),
                from.is_exact()};
}

} // namespace

Result<std::vector<Value>> read_values(const WireValues& from, TypeId type,
                                       const std::string& column) {
    std::vector<Value> values;
    values.reserve(static_cast<std::size_t>(from.size()));
    for (const wire::Value& wire_value : from) {
        Result<Value> value = read_message(wire_value, type);
        if (!value) {
            return value.error();
        }
        if (is_null(value.value())) {
            return refuse_scan("a condition on \"" + column + "\" compares with NULL");
        }
        values.push_back(std::move(value).value());
    }
    return values;
}

Result<std::vector<Qual>> read_quals(const WireQuals& from) {
    std::vector<Qual> quals;
    quals.reserve(static_cast<std::size_t>(from.size()));
    for (const wire::ScanQual& wire_qual : from) {
        Result<Qual> qual = read_qual(wire_qual);
        if (!qual) {
            return qual.error();
        }
        quals.push_back(std::move(qual).value());
    }
    return quals;
}

namespace {

Result<AggregateCall> read_aggregate(const wire::ScanAggregate& from) {
    if (from.function() < static_cast<std::uint32_t>(AggregateFunction::kCount) ||
        from.function() > static_cast<std::uint32_t>(AggregateFunction::kAvg)) {
        return refuse_scan("unknown aggregate " + std::to_string(from.function()));
    }
    const Result<TypeId> type = type_from_wire(from.type());
    if (!type) {
        return type.error();
    }
    Result<std::vector<Qual>> filter = read_quals(from.filter());
    if (!filter) {
        return filter.error();
    }
    AggregateCall call{static_cast<AggregateFunction>(from.function()), from.column(), type.value(),
                       std::move(filter).value()};
    const bool is_row_count = call.column.empty() && call.function == AggregateFunction::kCount;
    if (!is_row_count && (call.column.empty() || !aggregate_result(call.function, call.type))) {
        return refuse_scan("aggregate " + std::to_string(from.function()) + " of column \"" +
                           from.column() + '"');
    }
    return call;
}

/// The part that came with version 2.
Status read_groups(const wire::Scan& from, ScanRequest& request) {
    request.is_grouped = from.is_grouped();
    for (const wire::ScanAggregate& wire_call : from.aggregates()) {
        Result<AggregateCall> call = read_aggregate(wire_call);
        if (!call) {
            return call.error();
        }
        request.aggregates.push_back(std::move(call).value());
    }
    const bool is_empty = request.columns.empty() && request.aggregates.empty();
    if (request.is_grouped ? is_empty : !request.aggregates.empty()) {
        return refuse_scan("groups without columns, or aggregates without groups");
    }
    for (const RequestedColumn& column : request.columns) {
        if (request.is_grouped && !can_group(column.type)) {
            return refuse_scan("groups by column \"" + column.name + '"');
        }
    }
    return {};
}

/// Columns that are asked for, or aggregates, that the server and a plugin may compare.
bool is_sortable(const ScanRequest& request, const SortKey& key) {
    if (key.aggregate > 0) {
        const auto& calls = request.aggregates;
        const std::size_t index = std::size_t{key.aggregate} - 1;
        const auto type = index < calls.size()
                              ? aggregate_result(calls[index].function, calls[index].type)
                              : std::nullopt;
        return type && can_sort(*type);
    }
    const auto found = std::find_if(request.columns.begin(), request.columns.end(),
                                    [&](const auto& column) { return column.name == key.column; });
    return found != request.columns.end() &&
           (request.is_top ? can_sort(found->type) : can_be_ordered(found->type));
}

/// The order, and the row limit that goes with it.
Status read_sort(const wire::Scan& from, ScanRequest& request) {
    request.row_limit = from.row_limit();
    request.is_top = from.is_top();
    for (const wire::SortKey& wire_key : from.sort()) {
        request.sort.push_back(read_message(wire_key));
        if (!is_sortable(request, request.sort.back())) {
            return refuse_scan("an order by \"" + wire_key.column() + '"');
        }
    }
    const bool is_whole = request.is_top ? !request.sort.empty() && request.row_limit > 0
                                         : request.sort.empty() || !request.is_grouped;
    if (!is_whole) {
        return refuse_scan("an order of groups, or first rows without order and limit");
    }
    return {};
}

Status read_join(const wire::Scan& from, ScanRequest& request) {
    if (!from.has_join()) {
        return {};
    }
    const bool is_alone = request.table.empty() && request.columns.empty() &&
                          request.quals.empty() && !request.is_grouped && request.part_count == 0;
    if (!is_alone || static_cast<std::size_t>(from.join().columns_size()) > kMaxColumns) {
        return refuse_scan("a join beside a table, groups or parts, or with too many columns");
    }
    Result<Join> join = read_message(from.join());
    if (!join) {
        return join.error();
    }
    request.join = std::move(join).value();
    const std::vector<std::string> labels = column_labels(request.join);
    for (std::size_t index = 0; index < labels.size(); ++index) {
        request.columns.push_back({labels[index], request.join.columns[index].type});
    }
    return {};
}

} // namespace

void write_qual(const Qual& from, wire::ScanQual& to) {
    to.set_column(from.column);
    to.set_op(static_cast<std::uint32_t>(from.op));
    to.set_type(static_cast<std::uint32_t>(from.type));
    to.set_is_exact(from.is_exact);
    for (const Value& value : from.values) {
        write_message(value, from.type, *to.add_values());
    }
}

void write_message(const ScanRequest& from, wire::Scan& to) {
    to.set_connection(from.connection);
    to.set_table(from.table);
    for (const RequestedColumn& column : from.columns) {
        wire::ScanColumn& target = *to.add_columns();
        target.set_name(column.name);
        target.set_type(static_cast<std::uint32_t>(column.type));
    }
    for (const Qual& qual : from.quals) {
        write_qual(qual, *to.add_quals());
    }
    for (const AggregateCall& call : from.aggregates) {
        wire::ScanAggregate& target = *to.add_aggregates();
        target.set_function(static_cast<std::uint32_t>(call.function));
        target.set_column(call.column);
        target.set_type(static_cast<std::uint32_t>(call.type));
        for (const Qual& qual : call.filter) {
            write_qual(qual, *target.add_filter());
        }
    }
    to.set_row_target(from.row_target);
    to.set_backend_pid(from.backend_pid);
    to.set_user_name(from.user_name);
    to.set_part(from.part);
    to.set_part_count(from.part_count);
    to.set_row_limit(from.row_limit);
    to.set_is_grouped(from.is_grouped);
    to.set_is_cache_off(!from.is_cache_allowed);
    for (const SortKey& key : from.sort) {
        write_message(key, *to.add_sort());
    }
    to.set_is_top(from.is_top);
    if (!from.join.empty()) {
        to.clear_columns(); // they follow from those of the join
        write_message(from.join, *to.mutable_join());
    }
}

Result<ScanRequest> read_message(const wire::Scan& from) {
    if (from.table().empty() && !from.has_join()) {
        return refuse_scan("no table");
    }
    const int column_count = from.columns_size() + from.aggregates_size();
    if (static_cast<std::size_t>(column_count) > kMaxColumns) {
        return refuse_scan(std::to_string(column_count) + " columns");
    }
    ScanRequest request;
    request.connection = from.connection();
    request.table = from.table();
    for (const wire::ScanColumn& column : from.columns()) {
        const Result<TypeId> type = type_from_wire(column.type());
        if (!type) {
            return type.error();
        }
        request.columns.push_back({column.name(), type.value()});
    }
    Result<std::vector<Qual>> quals = read_quals(from.quals());
    if (!quals) {
        return quals.error();
    }
    request.quals = std::move(quals).value();
    const Status groups = read_groups(from, request);
    if (!groups) {
        return groups.error();
    }
    request.row_target = from.row_target();
    request.backend_pid = from.backend_pid();
    request.user_name = from.user_name();
    request.part = from.part();
    request.part_count = from.part_count();
    if (request.part_count > kMaxParts ||
        (request.part > 0 && request.part >= request.part_count)) {
        return refuse_scan("part " + std::to_string(request.part) + " of " +
                           std::to_string(request.part_count));
    }
    const Status join = read_join(from, request);
    if (!join) {
        return join.error();
    }
    const Status sort = read_sort(from, request);
    if (!sort) {
        return sort.error();
    }
    request.is_cache_allowed = !from.is_cache_off();
    return request;
}

} // namespace penstock
