#include "penstock/protocol/messages.hpp"

namespace penstock {

namespace {

Error refuse(const std::string& what) {
    return Error::make(ErrorKind::kProtocol, "malformed scan request: " + what);
}

Result<TypeId> type_from_wire(std::uint32_t number) {
    const TypeInfo* type = number <= UINT8_MAX ? find_type(static_cast<TypeId>(number)) : nullptr;
    if (type == nullptr) {
        return refuse("unknown type " + std::to_string(number));
    }
    return type->id;
}

Result<QualOp> op_from_wire(std::uint32_t number) {
    if (number < static_cast<std::uint32_t>(QualOp::kEq) ||
        number > static_cast<std::uint32_t>(QualOp::kLike)) {
        return refuse("unknown operator " + std::to_string(number));
    }
    return static_cast<QualOp>(number);
}

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
        return refuse(std::to_string(from.values_size()) + " values for operator \"" +
                      std::string(sign_of(op.value())) + '"');
    }
    Qual qual{from.column(), op.value(), type.value(), {}, from.is_exact()};
    qual.values.reserve(static_cast<std::size_t>(from.values_size()));
    for (const wire::Value& wire_value : from.values()) {
        Result<Value> value = read_message(wire_value, qual.type);
        if (!value) {
            return value.error();
        }
        if (is_null(value.value())) {
            return refuse("a condition on \"" + from.column() + "\" compares with NULL");
        }
        qual.values.push_back(std::move(value).value());
    }
    return qual;
}

} // namespace

void write_message(const ScanRequest& from, wire::Scan& to) {
    to.set_connection(from.connection);
    to.set_table(from.table);
    for (const RequestedColumn& column : from.columns) {
        wire::ScanColumn& target = *to.add_columns();
        target.set_name(column.name);
        target.set_type(static_cast<std::uint32_t>(column.type));
    }
    for (const Qual& qual : from.quals) {
        wire::ScanQual& target = *to.add_quals();
        target.set_column(qual.column);
        target.set_op(static_cast<std::uint32_t>(qual.op));
        target.set_type(static_cast<std::uint32_t>(qual.type));
        target.set_is_exact(qual.is_exact);
        for (const Value& value : qual.values) {
            write_message(value, qual.type, *target.add_values());
        }
    }
    to.set_row_target(from.row_target);
    to.set_backend_pid(from.backend_pid);
    to.set_user_name(from.user_name);
}

Result<ScanRequest> read_message(const wire::Scan& from) {
    if (from.table().empty()) {
        return refuse("no table");
    }
    if (static_cast<std::size_t>(from.columns_size()) > kMaxColumns) {
        return refuse(std::to_string(from.columns_size()) + " columns");
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
    for (const wire::ScanQual& wire_qual : from.quals()) {
        Result<Qual> qual = read_qual(wire_qual);
        if (!qual) {
            return qual.error();
        }
        request.quals.push_back(std::move(qual).value());
    }
    request.row_target = from.row_target();
    request.backend_pid = from.backend_pid();
    request.user_name = from.user_name();
    return request;
}

} // namespace penstock
