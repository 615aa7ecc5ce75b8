#include "csv/parse.hpp"

#include <array>

namespace penstock::csv {

namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::size_t kDateBytes = 10;

std::string_view without_spaces(std::string_view text) noexcept {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

/// The two digits at `at`; above 99 when they are not digits. The caller has checked the size.
unsigned two_digits(std::string_view text, std::size_t at) noexcept {
    const unsigned tens = static_cast<unsigned char>(text[at] - '0');
    const unsigned units = static_cast<unsigned char>(text[at + 1] - '0');
    return tens > 9 || units > 9 ? 100U : tens * 10 + units;
}

/// Days from 2000-01-01 in the Gregorian calendar, for years from 1. The year is taken to begin in
/// March, so that a leap day is its last; 5 months have 153 days.
std::int32_t days_from_civil(unsigned year, unsigned month, unsigned day) noexcept {
    const unsigned shifted_year = month <= 2 ? year - 1 : year;
    const unsigned shifted_month = month <= 2 ? month + 9 : month - 3;
    const unsigned day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    const unsigned days = shifted_year * 365 + shifted_year / 4 - shifted_year / 100 +
                          shifted_year / 400 + day_of_year;
    constexpr std::int32_t kDaysTo2000 = 730'425; // from 0000-03-01 to 2000-01-01
    return static_cast<std::int32_t>(days) - kDaysTo2000;
}

bool is_valid_day(unsigned year, unsigned month, unsigned day) noexcept {
    constexpr std::array<unsigned char, 13> kDays{0,  31, 29, 31, 30, 31, 30,
                                                  31, 31, 30, 31, 30, 31};
    if (year == 0 || month == 0 || month > 12 || day == 0 || day > kDays[month]) {
        return false;
    }
    const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month != 2 || day <= 28 || is_leap;
}

/// The first ten bytes.
bool read_date(std::string_view text, std::int32_t& days) noexcept {
    const unsigned century = two_digits(text, 0);
    const unsigned year_of_century = two_digits(text, 2);
    const unsigned month = two_digits(text, 5);
    const unsigned day = two_digits(text, 8);
    if (century > 99 || year_of_century > 99 || text[4] != '-' || text[7] != '-') {
        return false;
    }
    const unsigned year = century * 100 + year_of_century;
    if (!is_valid_day(year, month, day)) {
        return false;
    }
    days = days_from_civil(year, month, day);
    return true;
}

/// Digits of a fraction, without the point; moves `text` behind them.
bool read_fraction(std::string_view& text, std::int64_t& micros) noexcept {
    std::int64_t scale = kMicrosPerSecond / 10;
    std::size_t at = 0;
    for (; at < text.size(); ++at) {
        const auto digit = static_cast<unsigned char>(text[at] - '0');
        if (digit > 9) {
            break;
        }
        micros += at == 6 && digit >= 5 ? 1 : digit * scale;
        scale /= 10;
    }
    text.remove_prefix(at);
    return at > 0;
}

/// Nothing, Z, ±HH, ±HH:MM, ±HHMM.
bool read_offset(std::string_view text, std::int64_t& seconds) noexcept {
    if (text.empty() || text == "Z" || text == "z") {
        return true;
    }
    const bool is_east = text[0] == '+';
    if ((!is_east && text[0] != '-') || text.size() < 3) {
        return false;
    }
    const unsigned hours = two_digits(text, 1);
    const std::size_t minutes_at = text.size() > 3 && text[3] == ':' ? 4 : 3;
    unsigned minutes = 0;
    if (text.size() == minutes_at + 2) {
        minutes = two_digits(text, minutes_at);
    } else if (text.size() != 3) {
        return false;
    }
    if (hours > 15 || minutes > 59) { // PostgreSQL's own limit is below 16 hours
        return false;
    }
    const std::int64_t offset = std::int64_t{hours} * 3600 + std::int64_t{minutes} * 60;
    seconds = is_east ? offset : -offset;
    return true;
}

/// [:SS[.fraction]]; moves `text` behind it.
bool read_seconds(std::string_view& text, unsigned& second, std::int64_t& micros) noexcept {
    if (text.size() < 3 || text[0] != ':') {
        return true;
    }
    second = two_digits(text, 1);
    text.remove_prefix(3);
    if (text.empty() || text[0] != '.') {
        return true;
    }
    text.remove_prefix(1);
    return read_fraction(text, micros);
}

/// Everything behind the date.
bool read_time(std::string_view text, std::int64_t& micros) noexcept {
    if (text.size() < 6 || (text[0] != 'T' && text[0] != ' ' && text[0] != 't') || text[3] != ':') {
        return false;
    }
    const unsigned hour = two_digits(text, 1);
    const unsigned minute = two_digits(text, 4);
    unsigned second = 0;
    std::int64_t fraction = 0;
    text.remove_prefix(6);
    if (!read_seconds(text, second, fraction)) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    if (!text.empty() && text[0] == ' ') { // "2024-01-01 00:00:00 +0200"
        text.remove_prefix(1);
    }
    std::int64_t offset = 0;
    if (!read_offset(text, offset)) {
        return false;
    }
    const std::int64_t seconds =
        std::int64_t{hour} * 3600 + std::int64_t{minute} * 60 + second - offset;
    micros = seconds * kMicrosPerSecond + fraction;
    return true;
}

int hex_digit(char byte) noexcept {
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    const char lower = static_cast<char>(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

bool parse_date(std::string_view text, Date& value) noexcept {
    if (text.size() != kDateBytes) {
        text = without_spaces(text);
    }
    return text.size() == kDateBytes && read_date(text, value.days);
}

bool parse_timestamptz(std::string_view text, Timestamptz& value) noexcept {
    if (!text.empty() && (text.front() == ' ' || text.back() == ' ')) {
        text = without_spaces(text);
    }
    std::int32_t days = 0;
    if (text.size() < kDateBytes || !read_date(text, days)) {
        return false;
    }
    std::int64_t micros = 0;
    if (text.size() > kDateBytes && !read_time(text.substr(kDateBytes), micros)) {
        return false;
    }
    value.micros = std::int64_t{days} * kSecondsPerDay * kMicrosPerSecond + micros;
    return true;
}

bool parse_uuid_text(std::string_view text, Uuid& value) noexcept {
    text = without_spaces(text);
    constexpr std::size_t kUuidBytes = 36;
    if (text.size() != kUuidBytes || text[8] != '-' || text[13] != '-' || text[18] != '-' ||
        text[23] != '-') {
        return false;
    }
    constexpr std::array<unsigned char, 16> kPlaces{0,  2,  4,  6,  9,  11, 14, 16,
                                                    19, 21, 24, 26, 28, 30, 32, 34};
    for (std::size_t byte = 0; byte < kPlaces.size(); ++byte) {
        const int high = hex_digit(text[kPlaces[byte]]);
        const int low = hex_digit(text[kPlaces[byte] + std::size_t{1}]);
        if (high < 0 || low < 0) {
            return false;
        }
        value.bytes[byte] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

} // namespace penstock::csv
