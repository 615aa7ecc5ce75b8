#include "csv/infer.hpp"

#include "csv/parse.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace penstock::csv {

namespace {

/// Integers up to 2^53 are exact as float8.
constexpr std::int64_t kMaxExactInteger = std::int64_t{1} << 53U;
/// Any decimal number with this many significant digits survives float8 and back.
constexpr std::size_t kSafeDigits = 15;
/// Longer than any bool, number we accept without reading it as text, date or UUID.
constexpr std::size_t kMaxTypedBytes = 1000;

bool is_digit(char byte) noexcept {
    return byte >= '0' && byte <= '9';
}

/// The parts of a number: [-](0|[1-9][0-9]*)[.digits][exponent], or [-].digits.
struct NumberShape {
    bool is_number = false;
    bool is_integer = false;
};

std::size_t skip_digits(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && is_digit(text[at])) {
        ++at;
    }
    return at;
}

/// Moves over an exponent. False when there is an 'e' without digits behind it.
bool skip_exponent(std::string_view text, std::size_t& at) noexcept {
    if (at == text.size() || (text[at] != 'e' && text[at] != 'E')) {
        return true;
    }
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) {
        ++at;
    }
    const std::size_t digits = at;
    at = skip_digits(text, at);
    return at > digits;
}

NumberShape shape_of(std::string_view text) noexcept {
    const bool is_negative = !text.empty() && text.front() == '-';
    std::size_t at = is_negative ? 1 : 0;
    const std::size_t whole = at;
    at = skip_digits(text, at);
    const std::size_t whole_digits = at - whole;
    if (whole_digits > 1 && text[whole] == '0') {
        return {};
    }
    if (at == text.size()) {
        // "-0" is a number, but int8 would lose its sign.
        return {whole_digits > 0, whole_digits > 0 && !(is_negative && text[whole] == '0')};
    }
    if (text[at] == '.') {
        const std::size_t fraction = ++at;
        at = skip_digits(text, at);
        if (at == fraction) {
            return {};
        }
    } else if (whole_digits == 0) {
        return {};
    }
    return {skip_exponent(text, at) && at == text.size(), false};
}

/// The digits of the mantissa without leading and trailing zeros.
std::string significant_digits(std::string_view number) {
    std::string digits;
    for (const char byte : number) {
        if (byte == 'e' || byte == 'E') {
            break;
        }
        if (is_digit(byte) && (byte != '0' || !digits.empty())) {
            digits.push_back(byte);
        }
    }
    const std::size_t last = digits.find_last_not_of('0');
    digits.resize(last == std::string::npos ? 0 : last + 1);
    return digits;
}

/// Would the number print with other digits after a trip through float8? The shortest text that
/// gives the same float8 is also what PostgreSQL prints.
bool is_float8_exact(std::string_view text) {
    double value = 0;
    if (!parse_float8(text, value)) {
        return false;
    }
    if (text.size() <= kSafeDigits) {
        return true;
    }
    const std::string digits = significant_digits(text);
    if (digits.size() <= kSafeDigits) {
        return value != 0 || digits.empty();
    }
    std::array<char, 64> shortest{};
    const auto written = std::to_chars(shortest.data(), shortest.data() + shortest.size(), value);
    return digits == significant_digits({shortest.data(),
                                         static_cast<std::size_t>(written.ptr - shortest.data())});
}

TypeId type_of_number(std::string_view text) {
    const NumberShape shape = shape_of(text);
    if (!shape.is_number) {
        return TypeId::kText;
    }
    std::int64_t integer = 0;
    if (shape.is_integer) {
        return parse_int8(text, integer) ? TypeId::kInt8 : TypeId::kNumeric;
    }
    return is_float8_exact(text) ? TypeId::kFloat8 : TypeId::kNumeric;
}

bool is_named_float(std::string_view text) noexcept {
    double value = 0;
    const std::string_view name = text.starts_with('-') ? text.substr(1) : text;
    return !name.empty() &&
           (name[0] == 'N' || name[0] == 'n' || name[0] == 'I' || name[0] == 'i') &&
           parse_float8(text, value);
}

/// What two types of values have in common. Pairs that are not here make text.
struct Widening {
    TypeId one;
    TypeId other;
    TypeId both;
};
constexpr std::array kWidenings{
    Widening{TypeId::kInt8, TypeId::kFloat8, TypeId::kFloat8},
    Widening{TypeId::kInt8, TypeId::kNumeric, TypeId::kNumeric},
    Widening{TypeId::kFloat8, TypeId::kNumeric, TypeId::kNumeric},
    Widening{TypeId::kDate, TypeId::kTimestamptz, TypeId::kTimestamptz},
};

TypeId widen(TypeId one, TypeId other) noexcept {
    if (one == other) {
        return one;
    }
    for (const Widening& widening : kWidenings) {
        if ((widening.one == one && widening.other == other) ||
            (widening.one == other && widening.other == one)) {
            return widening.both;
        }
    }
    return TypeId::kText;
}

std::string_view without_spaces(std::string_view text) noexcept {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

} // namespace

TypeId narrowest_type(std::string_view value) {
    const std::string_view text = without_spaces(value);
    if (text.empty() || text.size() > kMaxTypedBytes) {
        return TypeId::kText;
    }
    const char first = text.front();
    if (is_digit(first) || first == '-' || first == '.') {
        const TypeId number = type_of_number(text);
        if (number != TypeId::kText) {
            return number;
        }
    }
    bool boolean = false;
    if ((text.size() == 4 || text.size() == 5) && parse_bool(text, boolean)) {
        return TypeId::kBool;
    }
    Date date{};
    if (parse_date(text, date)) {
        return TypeId::kDate;
    }
    Timestamptz time{};
    if (parse_timestamptz(text, time)) {
        return TypeId::kTimestamptz;
    }
    Uuid uuid;
    if (parse_uuid_text(text, uuid)) {
        return TypeId::kUuid;
    }
    return is_named_float(text) ? TypeId::kFloat8 : TypeId::kText;
}

void TypeGuess::add(std::string_view value) {
    if (is_text()) {
        return;
    }
    const TypeId type = narrowest_type(value);
    if (type == TypeId::kInt8) {
        std::int64_t integer = 0;
        has_wide_integer_ = has_wide_integer_ || !parse_int8(value, integer) ||
                            integer > kMaxExactInteger || integer < -kMaxExactInteger;
    }
    type_ = has_value_ ? widen(type_, type) : type;
    has_value_ = true;
}

TypeId TypeGuess::type() const noexcept {
    return type_ == TypeId::kFloat8 && has_wide_integer_ ? TypeId::kNumeric : type_;
}

} // namespace penstock::csv
