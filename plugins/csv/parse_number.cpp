#include "csv/parse.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace penstock::csv {

namespace {

bool is_digit(char byte) noexcept {
    return static_cast<unsigned char>(byte - '0') <= 9;
}

std::string_view without_spaces(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

bool has_spaces(std::string_view text) noexcept {
    return !text.empty() && (text.front() <= ' ' || text.back() <= ' ');
}

/// Powers of ten that a double holds exactly.
constexpr std::array kExactPowers{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// Digits, at most one point, at most 19 digits in all: mantissa and the number of digits behind
/// the point. With a mantissa below 2^53 and an exact power of ten, one division is correctly
/// rounded (Clinger, "How to read floating point numbers accurately", 1990).
bool parse_simple_float(std::string_view text, double& value) noexcept {
    const char* at = text.data();
    const char* const end = at + text.size();
    const bool is_negative = at != end && *at == '-';
    at += is_negative ? 1 : 0;
    if (end - at > 18 || at == end) {
        return false;
    }
    std::uint64_t mantissa = 0;
    const char* const digits = at;
    while (at != end && is_digit(*at)) {
        mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at++ - '0');
    }
    if (at == digits) {
        return false;
    }
    std::size_t fraction_digits = 0;
    if (at != end && *at == '.') {
        const char* const fraction = ++at;
        while (at != end && is_digit(*at)) {
            mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at++ - '0');
        }
        fraction_digits = static_cast<std::size_t>(at - fraction);
    }
    if (at != end || mantissa > (std::uint64_t{1} << 53U)) {
        return false;
    }
    const double magnitude = static_cast<double>(mantissa) / kExactPowers[fraction_digits];
    value = is_negative ? -magnitude : magnitude;
    return true;
}

struct NamedFloat {
    std::string_view name;
    double value;
};
constexpr std::array kNamedFloats{
    NamedFloat{"NaN", std::numeric_limits<double>::quiet_NaN()},
    NamedFloat{"nan", std::numeric_limits<double>::quiet_NaN()},
    NamedFloat{"Infinity", std::numeric_limits<double>::infinity()},
    NamedFloat{"-Infinity", -std::numeric_limits<double>::infinity()},
    NamedFloat{"inf", std::numeric_limits<double>::infinity()},
    NamedFloat{"-inf", -std::numeric_limits<double>::infinity()},
};

bool parse_any_float(std::string_view text, double& value) noexcept {
    for (const NamedFloat& named : kNamedFloats) {
        if (text == named.name) {
            value = named.value;
            return true;
        }
    }
    if (!text.empty() && text.front() == '+') {
        text.remove_prefix(1);
    }
    // from_chars would also take "infinity" and "nan(...)" in any spelling.
    if (text.empty() || (!is_digit(text.front()) && text.front() != '-' && text.front() != '.') ||
        (text.size() > 1 && text.front() == '-' && !is_digit(text[1]) && text[1] != '.')) {
        return false;
    }
    const auto answer = std::from_chars(text.data(), text.data() + text.size(), value);
    if (answer.ptr != text.data() + text.size()) {
        return false;
    }
    if (answer.ec == std::errc::result_out_of_range) {
        // Both ends of the range are reported alike; what is too small has a negative exponent.
        const bool is_tiny = text.find("e-") != std::string_view::npos ||
                             text.find("E-") != std::string_view::npos || text.find("0.") <= 1;
        value = 0;
        return is_tiny;
    }
    return answer.ec == std::errc{};
}

struct NamedBool {
    std::string_view name;
    bool value;
};
constexpr std::array kNamedBools{
    NamedBool{"true", true}, NamedBool{"false", false}, NamedBool{"t", true}, NamedBool{"f", false},
    NamedBool{"yes", true},  NamedBool{"no", false},    NamedBool{"y", true}, NamedBool{"n", false},
    NamedBool{"on", true},   NamedBool{"off", false},   NamedBool{"1", true}, NamedBool{"0", false},
};

bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
    if (text.size() != lower.size()) {
        return false;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char byte = text[at];
        const char folded = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
        if (folded != lower[at]) {
            return false;
        }
    }
    return true;
}

} // namespace

bool parse_int8(std::string_view text, std::int64_t& value) noexcept {
    const char* at = text.data();
    const char* const end = at + text.size();
    const bool is_negative = at != end && *at == '-';
    if (at != end && (*at == '-' || *at == '+')) {
        ++at;
    }
    const auto digits = end - at;
    if (digits <= 0 || digits > 18) { // 19 digits may overflow, and leading zeros may be many
        if (has_spaces(text)) {
            return parse_int8(without_spaces(text), value);
        }
        if (digits <= 0 || !is_digit(*at)) {
            return false;
        }
        const char* const begin = is_negative ? at - 1 : at;
        const auto answer = std::from_chars(begin, end, value);
        return answer.ec == std::errc{} && answer.ptr == end;
    }
    std::uint64_t magnitude = 0;
    for (; at != end; ++at) {
        if (!is_digit(*at)) {
            return has_spaces(text) && parse_int8(without_spaces(text), value);
        }
        magnitude = magnitude * 10 + static_cast<std::uint64_t>(*at - '0');
    }
    const auto positive = static_cast<std::int64_t>(magnitude);
    value = is_negative ? -positive : positive;
    return true;
}

bool parse_float8(std::string_view text, double& value) noexcept {
    return parse_simple_float(text, value) || parse_any_float(without_spaces(text), value);
}

bool parse_bool(std::string_view text, bool& value) noexcept {
    const std::string_view word = without_spaces(text);
    for (const NamedBool& named : kNamedBools) {
        if (equals_ignoring_case(word, named.name)) {
            value = named.value;
            return true;
        }
    }
    return false;
}

} // namespace penstock::csv
