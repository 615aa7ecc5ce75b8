#include "sql_text.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace spy {

using namespace penstock;

namespace {

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
/// The Julian day of 2000-01-01; the server reads dates before Christ in this form too.
constexpr std::int64_t kJulianEpoch = 2'451'545;

template <typename... Args>
std::string print(const char* format, Args... args) {
    std::array<char, 128> buffer{};
    const int length = std::snprintf(buffer.data(), buffer.size(), format, args...);
    return {buffer.data(), static_cast<std::size_t>(length)};
}

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char character : text) {
        result += character == '"' || character == '\\' ? "\\" : "";
        result += character;
    }
    return result + '"';
}

template <typename T, typename Format>
std::string array_text(const std::vector<T>& values, Format format) {
    std::string text;
    for (const T& value : values) {
        text += (text.empty() ? "" : ",") + format(value);
    }
    return '{' + text + '}';
}

struct Printer {
    std::string operator()(std::monostate /*unused*/) const { return "NULL"; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const {
        if (std::isnan(value)) {
            return "NaN";
        }
        return std::isinf(value) ? print("%sInfinity", value < 0 ? "-" : "")
                                 : print("%.17g", value);
    }
    std::string operator()(const std::string& value) const { return value; }
    std::string operator()(const Numeric& value) const { return value.text; }
    std::string operator()(const Json& value) const { return value.text; }
    std::string operator()(const Bytes& value) const {
        std::string text = "\\x";
        for (const char byte : value.data) {
            text += print("%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
        }
        return text;
    }
    std::string operator()(const Date& value) const {
        if (value.days == std::numeric_limits<std::int32_t>::min() ||
            value.days == std::numeric_limits<std::int32_t>::max()) {
            return value.days < 0 ? "-infinity" : "infinity";
        }
        return print("J%lld", static_cast<long long>(value.days) + kJulianEpoch);
    }
    std::string operator()(const Timestamptz& value) const {
        if (value.micros == std::numeric_limits<std::int64_t>::min() ||
            value.micros == std::numeric_limits<std::int64_t>::max()) {
            return value.micros < 0 ? "-infinity" : "infinity";
        }
        const std::int64_t rest = (value.micros % kMicrosPerDay + kMicrosPerDay) % kMicrosPerDay;
        const auto days = static_cast<long long>((value.micros - rest) / kMicrosPerDay);
        const auto seconds = static_cast<long long>(rest / 1'000'000);
        return print("J%lld %02lld:%02lld:%02lld.%06lld+00", days + kJulianEpoch, seconds / 3600,
                     seconds / 60 % 60, seconds % 60, static_cast<long long>(rest % 1'000'000));
    }
    std::string operator()(const Interval& value) const {
        return print("%d months %d days %lld microseconds", value.months, value.days,
                     static_cast<long long>(value.micros));
    }
    std::string operator()(const Uuid& value) const {
        std::string text;
        for (const std::uint8_t byte : value.bytes) {
            text += print("%02x", unsigned{byte});
        }
        return text;
    }
    std::string operator()(const Inet& value) const {
        std::string text;
        for (std::size_t index = 0; index < (value.is_v6 ? 16U : 4U);
             index += value.is_v6 ? 2 : 1) {
            text += text.empty() ? "" : value.is_v6 ? ":" : ".";
            text += value.is_v6 ? print("%x", value.bytes[index] * 256U + value.bytes[index + 1])
                                : std::to_string(value.bytes[index]);
        }
        return text + '/' + std::to_string(value.bits);
    }
    std::string operator()(const std::vector<std::string>& values) const {
        return array_text(values, quoted);
    }
    std::string operator()(const std::vector<std::int64_t>& values) const {
        return array_text(values, [](std::int64_t value) { return std::to_string(value); });
    }
};

} // namespace

std::string sql_text(const Value& value) {
    return std::visit(Printer{}, value);
}

std::string copy_field(const Value& value) {
    if (is_null(value)) {
        return "\\N";
    }
    std::string field;
    for (const char character : sql_text(value)) {
        constexpr std::string_view kEscaped = "\\\t\n\r";
        const std::size_t at = kEscaped.find(character);
        field += at == std::string_view::npos ? std::string(1, character)
                                              : std::string("\\") + "\\tnr"[at];
    }
    return field;
}

} // namespace spy
