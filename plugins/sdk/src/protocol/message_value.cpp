#include "penstock/protocol/datum_encode.hpp"
#include "penstock/protocol/messages.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <limits>

namespace penstock {

namespace {

std::string text_of(const Inet& address) {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bytes.data(), buffer.data(),
              buffer.size());
    return std::string(buffer.data()) + '/' + std::to_string(address.bits);
}

/// Sets the one field of wire::Value that belongs to each alternative of Value.
struct Writer {
    wire::Value& to;
    void operator()(std::monostate /*unused*/) const { to.clear_kind(); }
    void operator()(bool value) const { to.set_boolean(value); }
    void operator()(std::int64_t value) const { to.set_integer(value); }
    void operator()(double value) const { to.set_number(value); }
    void operator()(const std::string& value) const { to.set_text(value); }
    void operator()(const Bytes& value) const { to.set_data(value.data); }
    void operator()(const Numeric& value) const { to.set_text(value.text); }
    void operator()(const Date& value) const { to.set_date(value.days); }
    void operator()(const Timestamptz& value) const { to.set_timestamptz(value.micros); }
    void operator()(const Interval& value) const {
        wire::IntervalValue& interval = *to.mutable_interval();
        interval.set_micros(value.micros);
        interval.set_days(value.days);
        interval.set_months(value.months);
    }
    void operator()(const Uuid& value) const {
        to.set_data(value.bytes.data(), value.bytes.size());
    }
    void operator()(const Inet& value) const { to.set_text(text_of(value)); }
    void operator()(const Json& value) const { to.set_text(value.text); }
    void operator()(const std::vector<std::string>& values) const {
        to.mutable_text_list()->mutable_values()->Assign(values.begin(), values.end());
    }
    void operator()(const std::vector<std::int64_t>& values) const {
        to.mutable_integer_list()->mutable_values()->Assign(values.begin(), values.end());
    }
};

Error bad_value(const TypeInfo& type, const char* what) {
    return Error::make(ErrorKind::kProtocol,
                       "value of type " + std::string(type.sql_name) + ' ' + what);
}

template <typename Number>
bool fits(std::int64_t value) {
    return value >= std::numeric_limits<Number>::min() &&
           value <= std::numeric_limits<Number>::max();
}

Result<Value> read_integer(const wire::Value& from, const TypeInfo& type) {
    const std::int64_t value = from.integer();
    if ((type.id == TypeId::kInt2 && !fits<std::int16_t>(value)) ||
        (type.id == TypeId::kInt4 && !fits<std::int32_t>(value))) {
        return bad_value(type, "is out of range");
    }
    return Value(value);
}

Result<Value> read_text(const wire::Value& from, const TypeInfo& type) {
    switch (type.id) {
    case TypeId::kNumeric:
        return Value(Numeric{from.text()});
    case TypeId::kJsonb:
        return Value(Json{from.text()});
    case TypeId::kInet:
    case TypeId::kCidr: {
        Result<Inet> address = parse_inet(from.text());
        if (!address) {
            return bad_value(type, "is not an address");
        }
        return Value(std::move(address).value());
    }
    default:
        return Value(from.text());
    }
}

Result<Value> read_data(const wire::Value& from, const TypeInfo& type) {
    if (type.id == TypeId::kBytea) {
        return Value(Bytes{from.data()});
    }
    Uuid uuid;
    if (from.data().size() != uuid.bytes.size()) {
        return bad_value(type, "does not have 16 bytes");
    }
    std::copy(from.data().begin(), from.data().end(), uuid.bytes.begin());
    return Value(uuid);
}

/// The field of wire::Value that values of a type travel in.
wire::Value::KindCase field_of(TypeId type) {
    switch (type) {
    case TypeId::kBool:
        return wire::Value::kBoolean;
    case TypeId::kInt2:
    case TypeId::kInt4:
    case TypeId::kInt8:
        return wire::Value::kInteger;
    case TypeId::kFloat4:
    case TypeId::kFloat8:
        return wire::Value::kNumber;
    case TypeId::kBytea:
    case TypeId::kUuid:
        return wire::Value::kData;
    case TypeId::kDate:
        return wire::Value::kDate;
    case TypeId::kTimestamptz:
        return wire::Value::kTimestamptz;
    case TypeId::kInterval:
        return wire::Value::kInterval;
    case TypeId::kTextArray:
        return wire::Value::kTextList;
    case TypeId::kInt8Array:
        return wire::Value::kIntegerList;
    default:
        return wire::Value::kText;
    }
}

} // namespace

void write_message(const Value& from, TypeId /*type*/, wire::Value& to) {
    std::visit(Writer{to}, from);
}

Result<Value> read_message(const wire::Value& from, TypeId type) {
    const TypeInfo* entry = find_type(type);
    if (entry == nullptr) {
        return Error::make(ErrorKind::kProtocol, "value of an unknown type");
    }
    if (from.kind_case() == wire::Value::KIND_NOT_SET) {
        return Value();
    }
    if (from.kind_case() != field_of(type)) {
        return bad_value(*entry, "has the form of another type");
    }
    switch (from.kind_case()) {
    case wire::Value::kBoolean:
        return Value(from.boolean());
    case wire::Value::kInteger:
        return read_integer(from, *entry);
    case wire::Value::kNumber:
        return Value(from.number());
    case wire::Value::kData:
        return read_data(from, *entry);
    case wire::Value::kDate:
        return Value(Date{from.date()});
    case wire::Value::kTimestamptz:
        return Value(Timestamptz{from.timestamptz()});
    case wire::Value::kInterval:
        return Value(
            Interval{from.interval().micros(), from.interval().days(), from.interval().months()});
    case wire::Value::kTextList:
        return Value(std::vector<std::string>(from.text_list().values().begin(),
                                              from.text_list().values().end()));
    case wire::Value::kIntegerList:
        return Value(std::vector<std::int64_t>(from.integer_list().values().begin(),
                                               from.integer_list().values().end()));
    default:
        return read_text(from, *entry);
    }
}

} // namespace penstock
