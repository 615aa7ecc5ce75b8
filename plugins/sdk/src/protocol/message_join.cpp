#include "message_scan_parts.hpp"

namespace penstock {

namespace {

void write_column(const JoinColumn& from, wire::JoinColumn& to) {
    to.set_source(from.source);
    to.set_name(from.name);
    to.set_type(static_cast<std::uint32_t>(from.type));
}

void write_condition(const JoinCondition& from, wire::JoinCondition& to) {
    write_column(from.column, *to.mutable_column());
    to.set_op(static_cast<std::uint32_t>(from.op));
    for (const Value& value : from.values) {
        write_message(value, from.column.type, *to.add_values());
    }
    if (from.other) {
        write_column(*from.other, *to.mutable_other());
    }
}

Result<JoinColumn> read_column(const wire::JoinColumn& from) {
    const Result<TypeId> type = type_from_wire(from.type());
    if (!type) {
        return type.error();
    }
    return JoinColumn{from.source(), from.name(), type.value()};
}

Result<JoinCondition> read_condition(const wire::JoinCondition& from) {
    Result<JoinColumn> column = read_column(from.column());
    if (!column) {
        return column.error();
    }
    const Result<QualOp> op = op_from_wire(from.op());
    if (!op) {
        return op.error();
    }
    Result<std::vector<Value>> values =
        read_values(from.values(), column.value().type, from.column().name());
    if (!values) {
        return values.error();
    }
    JoinCondition condition{std::move(column).value(), op.value(), std::move(values).value(), {}};
    if (from.has_other()) {
        Result<JoinColumn> other = read_column(from.other());
        if (!other) {
            return other.error();
        }
        condition.other = std::move(other).value();
    }
    return condition;
}

Status read_conditions(const google::protobuf::RepeatedPtrField<wire::JoinCondition>& from,
                       std::vector<JoinCondition>& to) {
    for (const wire::JoinCondition& each : from) {
        Result<JoinCondition> condition = read_condition(each);
        if (!condition) {
            return condition.error();
        }
        to.push_back(std::move(condition).value());
    }
    return {};
}

Status read_step(const wire::JoinStep& from, JoinStep& to) {
    if (from.kind() < static_cast<std::uint32_t>(JoinKind::kInner) ||
        from.kind() > static_cast<std::uint32_t>(JoinKind::kAnti)) {
        return refuse_scan("unknown kind of join " + std::to_string(from.kind()));
    }
    to.kind = static_cast<JoinKind>(from.kind());
    to.left = from.left();
    to.right = from.right();
    Status status = read_conditions(from.conditions(), to.conditions);
    return status ? read_conditions(from.filter(), to.filter) : status;
}

Status read_sources(const wire::Join& from, Join& join) {
    for (const wire::JoinSource& each : from.sources()) {
        Result<std::vector<Qual>> quals = read_quals(each.quals());
        if (!quals) {
            return quals.error();
        }
        join.sources.push_back({each.table(), std::move(quals).value()});
    }
    return {};
}

} // namespace

void write_message(const Join& from, wire::Join& to) {
    for (const JoinSource& source : from.sources) {
        wire::JoinSource& target = *to.add_sources();
        target.set_table(source.table);
        for (const Qual& qual : source.quals) {
            write_qual(qual, *target.add_quals());
        }
    }
    for (const JoinStep& step : from.steps) {
        wire::JoinStep& target = *to.add_steps();
        target.set_kind(static_cast<std::uint32_t>(step.kind));
        target.set_left(step.left);
        target.set_right(step.right);
        for (const JoinCondition& condition : step.conditions) {
            write_condition(condition, *target.add_conditions());
        }
        for (const JoinCondition& condition : step.filter) {
            write_condition(condition, *target.add_filter());
        }
    }
    for (const JoinColumn& column : from.columns) {
        write_column(column, *to.add_columns());
    }
}

Result<Join> read_message(const wire::Join& from) {
    Join join;
    Status status = read_sources(from, join);
    for (const wire::JoinStep& step : from.steps()) {
        if (status) {
            status = read_step(step, join.steps.emplace_back());
        }
    }
    if (!status) {
        return status.error();
    }
    for (const wire::JoinColumn& each : from.columns()) {
        Result<JoinColumn> column = read_column(each);
        if (!column) {
            return column.error();
        }
        join.columns.push_back(std::move(column).value());
    }
    status = check_join(join);
    if (!status) {
        return status.error();
    }
    return join;
}

} // namespace penstock
