#include "format_value.hpp"

#include "penstock/protocol/datum_encode.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace penstock {

namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

template <typename... Args>
std::string print(const char* format, Args... args) {
    std::array<char, 96> buffer{};
    const int length = std::snprintf(buffer.data(), buffer.size(), format, args...);
    return {buffer.data(), static_cast<std::size_t>(length)};
}

/// Gregorian date of a day count since 2000-01-01.
/// Source: Julian day arithmetic in eras of 400 years that begin on March 1st.
std::string format_days(std::int64_t days) {
    constexpr std::int64_t kDaysPerEra = 146'097;
    const std::int64_t shifted = days + 730'425; // since 0000-03-01
    const std::int64_t era = (shifted >= 0 ? shifted : shifted - kDaysPerEra + 1) / kDaysPerEra;
    const std::int64_t day_of_era = shifted - era * kDaysPerEra;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const std::int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t month_index = (5 * day_of_year + 2) / 153; // 0 = March
    const long day = static_cast<long>(day_of_year - (153 * month_index + 2) / 5 + 1);
    const long month = static_cast<long>(month_index < 10 ? month_index + 3 : month_index - 9);
    const long year = static_cast<long>(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
    return year > 0 ? print("%04ld-%02ld-%02ld", year, month, day)
                    : print("%04ld-%02ld-%02ld BC", 1 - year, month, day);
}

std::string format_clock(std::int64_t micros) {
    const long long seconds = micros / kMicrosPerSecond;
    std::string text =
        print("%02lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (micros % kMicrosPerSecond != 0) {
        text += print(".%06lld", static_cast<long long>(micros % kMicrosPerSecond));
    }
    return text;
}

template <typename T>
std::string join(const std::vector<T>& values, std::string (*format)(const T&)) {
    std::string text = "{";
    for (const T& value : values) {
        text += text.size() == 1 ? "" : ",";
        text += format(value);
    }
    return text + '}';
}

std::string quote(const std::string& text) {
    std::string quoted = "\"";
    for (const char character : text) {
        quoted += character == '"' || character == '\\' ? "\\" : "";
        quoted += character;
    }
    return quoted + '"';
}

std::string format_hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        text += print("%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    }
    return text;
}

struct Formatter {
    TypeId type;
    std::string operator()(std::monostate /*unused*/) const { return {}; }
    std::string operator()(bool value) const { return value ? "t" : "f"; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const {
        if (!std::isfinite(value)) {
            return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        }
        std::array<char, 32> buffer{};
        const auto end =
            type == TypeId::kFloat4
                ? std::to_chars(buffer.data(), buffer.data() + 32, static_cast<float>(value))
                : std::to_chars(buffer.data(), buffer.data() + 32, value);
        return {buffer.data(), end.ptr};
    }
    std::string operator()(const std::string& value) const { return value; }
    std::string operator()(const Bytes& value) const { return "\\x" + format_hex(value.data); }
    std::string operator()(const Numeric& value) const { return value.text; }
    std::string operator()(const Json& value) const { return value.text; }
    std::string operator()(const Date& value) const {
        if (value.days == std::numeric_limits<std::int32_t>::max()) {
            return "infinity";
        }
        return value.days == std::numeric_limits<std::int32_t>::min() ? "-infinity"
                                                                      : format_days(value.days);
    }
    std::string operator()(const Timestamptz& value) const {
        if (value.micros == std::numeric_limits<std::int64_t>::max()) {
            return "infinity";
        }
        if (value.micros == std::numeric_limits<std::int64_t>::min()) {
            return "-infinity";
        }
        std::int64_t days = value.micros / kMicrosPerDay;
        std::int64_t rest = value.micros % kMicrosPerDay;
        if (rest < 0) {
            rest += kMicrosPerDay;
            --days;
        }
        return format_days(days) + ' ' + format_clock(rest) + "+00";
    }
    std::string operator()(const Interval& value) const {
        std::string text = value.months != 0 ? print("%d mons ", value.months) : "";
        text += value.days != 0 ? print("%d days ", value.days) : "";
        // The most negative number of microseconds has no positive counterpart.
        const auto magnitude =
            static_cast<std::int64_t>(value.micros == std::numeric_limits<std::int64_t>::min()
                                          ? std::numeric_limits<std::int64_t>::max()
                                          : std::abs(value.micros));
        return text + (value.micros < 0 ? "-" : "") + format_clock(magnitude);
    }
    std::string operator()(const Uuid& value) const {
        std::string text =
            format_hex({reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()});
        for (const std::size_t at : {8U, 13U, 18U, 23U}) {
            text.insert(at, 1, '-');
        }
        return text;
    }
    std::string operator()(const Inet& value) const {
        std::array<char, INET6_ADDRSTRLEN> buffer{};
        inet_ntop(value.is_v6 ? AF_INET6 : AF_INET, value.bytes.data(), buffer.data(),
                  buffer.size());
        const bool is_host = value.bits == (value.is_v6 ? 128 : 32) && type == TypeId::kInet;
        return is_host ? buffer.data() : buffer.data() + print("/%u", unsigned{value.bits});
    }
    std::string operator()(const std::vector<std::string>& values) const {
        return join<std::string>(values, quote);
    }
    std::string operator()(const std::vector<std::int64_t>& values) const {
        return join<std::int64_t>(values,
                                  [](const std::int64_t& value) { return std::to_string(value); });
    }
};

template <typename Number>
Value parse_number(std::string_view text, TypeId type) {
    Number number{};
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
        throw Exception(ErrorKind::kOption, "\"" + std::string(text) +
                                                "\" is not a value of type " +
                                                std::string(find_type(type)->sql_name));
    }
    return number;
}

} // namespace

std::string format_value(const Value& value, TypeId type) {
    if (is_null(value)) {
        return "\\N";
    }
    std::string text;
    for (const char character : std::visit(Formatter{type}, value)) {
        constexpr std::string_view kEscaped = "\t\n\r";
        const std::size_t at = kEscaped.find(character);
        if (at == std::string_view::npos) {
            text += character;
        } else {
            text += '\\';
            text += "tnr"[at];
        }
    }
    return text;
}

Value parse_value(std::string_view text, TypeId type) {
    switch (type) {
    case TypeId::kText:
        return std::string(text);
    case TypeId::kNumeric:
        return Numeric{std::string(text)};
    case TypeId::kInt2:
    case TypeId::kInt4:
    case TypeId::kInt8:
        return parse_number<std::int64_t>(text, type);
    case TypeId::kFloat4:
    case TypeId::kFloat8:
        return parse_number<double>(text, type);
    case TypeId::kBool:
        return text == "t" || text == "true";
    case TypeId::kUuid:
        return parse_uuid(text).take();
    case TypeId::kInet:
    case TypeId::kCidr:
        return parse_inet(text).take();
    default:
        throw Exception(ErrorKind::kOption, "conditions on columns of type " +
                                                std::string(find_type(type)->sql_name) +
                                                " cannot be given on the command line");
    }
}

} // namespace penstock
