#include "penstock/plugin/jsonb.hpp"
#include "penstock/plugin/row_sink.hpp"
#include "penstock/protocol/frame.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace penstock {

namespace {

/// Names of the alternatives of Value, in their order, as a plugin author knows them.
constexpr std::array<const char*, std::variant_size_v<Value>> kValueNames{
    "NULL",  "bool",    "integer", "double",       "text",
    "bytes", "numeric", "date",    "timestamptz",  "interval",
    "uuid",  "inet",    "json",    "list of text", "list of integers"};

/// Appends one Value to a column whose type is known; the error names the column.
class Appender {
  public:
    Appender(ColumnBuilder& column, const Value& value, const std::string& name)
        : column_(column), value_(value), name_(name) {}

    void append() {
        switch (column_.type()) {
        case TypeId::kBool:
            column_.append_fixed(get<bool>());
            break;
        case TypeId::kInt2:
            append_integer<std::int16_t>();
            break;
        case TypeId::kInt4:
            append_integer<std::int32_t>();
            break;
        case TypeId::kInt8:
            column_.append_fixed(get<std::int64_t>());
            break;
        case TypeId::kFloat4:
            append_float4();
            break;
        case TypeId::kFloat8:
            column_.append_fixed(number());
            break;
        case TypeId::kDate:
            column_.append_fixed(get<Date>());
            break;
        case TypeId::kTimestamptz:
            column_.append_fixed(get<Timestamptz>());
            break;
        case TypeId::kInterval:
            column_.append_fixed(get<Interval>());
            break;
        case TypeId::kUuid:
            column_.append_fixed(get<Uuid>());
            break;
        default:
            append_varlena();
        }
    }

  private:
    void append_varlena() {
        DataArea& data = column_.data();
        switch (column_.type()) {
        case TypeId::kText:
            return append_text(get<std::string>());
        case TypeId::kBytea:
            return append_text(get<Bytes>().data);
        case TypeId::kNumeric:
            return append_numeric();
        case TypeId::kInet:
        case TypeId::kCidr:
            return column_.append_offset(append_inet(data, get<Inet>()));
        case TypeId::kJsonb:
            return append_checked(append_jsonb(data, get<Json>().text));
        case TypeId::kTextArray:
            return column_.append_offset(append_text_array(data, get<std::vector<std::string>>()));
        default:
            return column_.append_offset(append_int8_array(data, get<std::vector<std::int64_t>>()));
        }
    }

    void append_text(std::string_view text) {
        if (text.size() > kMaxFrameBytes) {
            Error error =
                Error::make(ErrorKind::kLimit, "value for column \"" + name_ + "\" is too large",
                            "It has " + std::to_string(text.size()) + " bytes; the limit is " +
                                std::to_string(kMaxFrameBytes) + '.');
            error.sqlstate = "54000";
            throw Exception(std::move(error));
        }
        column_.append_text(text);
    }

    template <typename T>
    [[nodiscard]] const T& get() const {
        if (const T* value = std::get_if<T>(&value_)) {
            return *value;
        }
        throw Exception(ErrorKind::kType, "column \"" + name_ + "\" of type " +
                                              std::string(find_type(column_.type())->sql_name) +
                                              " cannot take a value of type " +
                                              kValueNames[value_.index()]);
    }

    template <typename Integer>
    void append_integer() {
        const std::int64_t value = get<std::int64_t>();
        if (value < std::numeric_limits<Integer>::min() ||
            value > std::numeric_limits<Integer>::max()) {
            throw_out_of_range(std::to_string(value));
        }
        column_.append_fixed(static_cast<Integer>(value));
    }

    void append_float4() {
        const double value = number();
        const auto narrow = static_cast<float>(value);
        if (std::isinf(narrow) && !std::isinf(value)) {
            throw_out_of_range(std::to_string(value));
        }
        column_.append_fixed(narrow);
    }

    /// float columns take whole numbers too.
    [[nodiscard]] double number() const {
        const auto* integer = std::get_if<std::int64_t>(&value_);
        return integer != nullptr ? static_cast<double>(*integer) : get<double>();
    }

    /// numeric columns take every kind of number.
    void append_numeric() {
        DataArea& data = column_.data();
        if (const auto* integer = std::get_if<std::int64_t>(&value_)) {
            return column_.append_offset(penstock::append_numeric(data, *integer));
        }
        if (const auto* number = std::get_if<double>(&value_)) {
            return append_checked(penstock::append_numeric(data, decimal(*number)));
        }
        append_checked(penstock::append_numeric(data, get<Numeric>().text));
    }

    [[nodiscard]] static std::string decimal(double number) {
        if (std::isnan(number)) {
            return "NaN";
        }
        if (std::isinf(number)) {
            return number > 0 ? "Infinity" : "-Infinity";
        }
        std::array<char, 32> buffer{};
        const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
        return {buffer.data(), end.ptr};
    }

    void append_checked(const Result<std::uint32_t>& offset) {
        if (!offset) {
            Error error = offset.error();
            error.message = "column \"" + name_ + "\": " + error.message;
            throw Exception(std::move(error));
        }
        column_.append_offset(offset.value());
    }

    [[noreturn]] void throw_out_of_range(const std::string& value) const {
        Error error = Error::make(
            ErrorKind::kType, "value " + value + " is out of range for column \"" + name_ +
                                  "\" of type " + std::string(find_type(column_.type())->sql_name));
        error.sqlstate = "22003";
        throw Exception(std::move(error));
    }

    ColumnBuilder& column_;
    const Value& value_;
    const std::string& name_;
};

} // namespace

void append_value(ColumnBuilder& column, const Value& value, const std::string& name) {
    if (is_null(value)) {
        column.append_null();
        return;
    }
    Appender(column, value, name).append();
}

} // namespace penstock
