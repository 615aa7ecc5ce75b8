#include "penstock/protocol/datum_encode.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace penstock {

namespace {

namespace numeric = datum::numeric;

struct Special {
    std::string_view name; ///< lower case
    std::uint16_t header;
};
constexpr std::array kSpecials = {
    Special{"nan", numeric::kNan},
    Special{"infinity", numeric::kPositiveInfinity},
    Special{"+infinity", numeric::kPositiveInfinity},
    Special{"-infinity", numeric::kNegativeInfinity},
    Special{"inf", numeric::kPositiveInfinity},
    Special{"+inf", numeric::kPositiveInfinity},
    Special{"-inf", numeric::kNegativeInfinity},
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size()) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != lower[i]) {
            return false;
        }
    }
    return true;
}

std::string_view take_digits(std::string_view& text) {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) {
        ++count;
    }
    const std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
}

bool take_sign(std::string_view& text) {
    const bool is_negative = !text.empty() && text.front() == '-';
    if (is_negative || (!text.empty() && text.front() == '+')) {
        text.remove_prefix(1);
    }
    return is_negative;
}

/// The digits after 'e'. One that does not fit becomes so large that the format's limits refuse it.
std::optional<std::int64_t> take_exponent(std::string_view& text) {
    const bool is_negative = take_sign(text);
    const std::string_view digits = take_digits(text);
    if (digits.empty()) {
        return std::nullopt;
    }
    std::int64_t exponent = std::numeric_limits<std::int32_t>::max();
    std::int64_t parsed = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
    if (error == std::errc{} && parsed < exponent) {
        exponent = parsed;
    }
    return is_negative ? -exponent : exponent;
}

std::optional<DecimalText> parse_decimal(std::string_view text) {
    DecimalText decimal;
    decimal.is_negative = take_sign(text);
    decimal.whole = take_digits(text);
    if (!text.empty() && text.front() == '.') {
        text.remove_prefix(1);
        decimal.fraction = take_digits(text);
    }
    if (decimal.whole.empty() && decimal.fraction.empty()) {
        return std::nullopt;
    }
    if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
        text.remove_prefix(1);
        const std::optional<std::int64_t> exponent = take_exponent(text);
        if (!exponent) {
            return std::nullopt;
        }
        decimal.exponent = *exponent;
    }
    return text.empty() ? std::optional(decimal) : std::nullopt;
}

/// What the header of a number says, and how many digits follow.
struct Shape {
    bool is_negative = false;
    std::int64_t weight = 0; ///< of the first digit: a power of 10000
    std::int64_t dscale = 0; ///< decimal digits after the point
    std::size_t digit_count = 0;
    unsigned lead = 0; ///< zeros that fill the first group up in front

    [[nodiscard]] bool fits_format() const {
        return dscale <= numeric::kDscaleMax && weight <= numeric::kWeightMax &&
               weight >= numeric::kWeightMin;
    }
};

/// Writes everything but the digits; returns the value's first byte. make_result in numeric.c
/// decides between the short and the long form in the same way.
std::byte* start_numeric(DataArea& out, const Shape& shape) {
    const bool is_short = shape.dscale <= numeric::kShortDscaleMax &&
                          shape.weight <= numeric::kShortWeightMax &&
                          shape.weight >= numeric::kShortWeightMin;
    const std::size_t header_bytes = datum::kVarlenaHeaderBytes + (is_short ? 2 : 4);
    const std::size_t bytes = header_bytes + 2 * shape.digit_count;
    out.align(4);
    std::byte* const to = out.extend(bytes);
    datum::store(to, datum::long_header(static_cast<std::uint32_t>(bytes)));
    const auto dscale = static_cast<unsigned>(shape.dscale);
    if (is_short) {
        const unsigned weight = static_cast<unsigned>(shape.weight) &
                                (numeric::kShortWeightSign | numeric::kShortWeightMask);
        datum::store(to + 4, static_cast<std::uint16_t>(
                                 numeric::kShort | (dscale << numeric::kShortDscaleShift) | weight |
                                 (shape.is_negative ? numeric::kShortNegative : 0U)));
    } else {
        datum::store(to + 4, static_cast<std::uint16_t>(
                                 dscale | (shape.is_negative ? numeric::kNegative : 0U)));
        datum::store(to + 6, static_cast<std::int16_t>(shape.weight));
    }
    return to;
}

/// Digits of both parts as if they stood in one text.
class DigitRun {
  public:
    explicit DigitRun(const DecimalText& decimal)
        : whole_(decimal.whole), fraction_(decimal.fraction),
          end_(whole_.size() + fraction_.size()) {
        while (begin_ < end_ && at(begin_) == 0) {
            ++begin_;
        }
        while (begin_ < end_ && at(end_ - 1) == 0) {
            --end_;
        }
    }

    [[nodiscard]] int at(std::size_t index) const {
        return (index < whole_.size() ? whole_[index] : fraction_[index - whole_.size()]) - '0';
    }
    [[nodiscard]] std::size_t begin() const { return begin_; } ///< first digit that is not 0
    [[nodiscard]] std::size_t end() const { return end_; }     ///< past the last one
    [[nodiscard]] std::size_t size() const { return end_ - begin_; }

  private:
    std::string_view whole_;
    std::string_view fraction_;
    std::size_t begin_ = 0;
    std::size_t end_;
};

Shape shape_of(const DecimalText& decimal, const DigitRun& run) {
    Shape shape;
    shape.dscale = static_cast<std::int64_t>(decimal.fraction.size()) - decimal.exponent;
    shape.dscale = shape.dscale < 0 ? 0 : shape.dscale;
    if (run.size() == 0) {
        return shape;
    }
    shape.is_negative = decimal.is_negative;
    // Power of ten of the first digit, then rounded down to a power of 10000.
    const std::int64_t power = static_cast<std::int64_t>(decimal.whole.size()) - 1 -
                               static_cast<std::int64_t>(run.begin()) + decimal.exponent;
    shape.weight = power >= 0 ? power / 4 : -((-power + 3) / 4);
    shape.lead = static_cast<unsigned>(3 - (power - shape.weight * 4));
    shape.digit_count = (shape.lead + run.size() + 3) / 4;
    return shape;
}

/// Groups of four decimal digits; the first group begins `lead` places before the first digit.
void write_digits(const DigitRun& run, unsigned lead, std::byte* to) {
    int group = 0;
    unsigned filled = lead;
    for (std::size_t i = run.begin(); i < run.end(); ++i) {
        group = group * 10 + run.at(i);
        if (++filled == numeric::kDigitsPerGroup) {
            datum::store(to, static_cast<std::int16_t>(group));
            to += 2;
            group = 0;
            filled = 0;
        }
    }
    if (filled == 0 || run.size() == 0) {
        return;
    }
    for (; filled < numeric::kDigitsPerGroup; ++filled) {
        group *= 10;
    }
    datum::store(to, static_cast<std::int16_t>(group));
}

/// Without an exponent no group of four digits has digits from both sides of the point, so that
/// groups are cut from the text as they stand.
class DigitGroups {
  public:
    explicit DigitGroups(const DecimalText& decimal)
        : whole_(decimal.whole), fraction_(decimal.fraction) {
        shape_.dscale = static_cast<std::int64_t>(fraction_.size());
        while (!whole_.empty() && whole_.front() == '0') {
            whole_.remove_prefix(1);
        }
        drop_zeros(fraction_, fraction_.size());
        std::size_t leading_groups = 0;
        if (whole_.empty()) {
            const std::size_t zeros = std::min(fraction_.find_first_not_of('0'), fraction_.size());
            leading_groups = zeros / kGroup;
            fraction_.remove_prefix(leading_groups * kGroup);
        }
        const std::size_t whole_groups = (whole_.size() + kGroup - 1) / kGroup;
        if (fraction_.empty()) {
            // Only whole groups of zeros go, or the rest would be taken for the front of a group.
            std::string_view kept = whole_;
            drop_zeros(kept, whole_.size());
            whole_.remove_suffix((whole_.size() - kept.size()) / kGroup * kGroup);
        }
        shape_.digit_count =
            (whole_.size() + kGroup - 1) / kGroup + (fraction_.size() + kGroup - 1) / kGroup;
        if (shape_.digit_count > 0) {
            shape_.is_negative = decimal.is_negative;
            shape_.weight = static_cast<std::int64_t>(whole_groups) - 1 -
                            static_cast<std::int64_t>(leading_groups);
        }
    }

    [[nodiscard]] const Shape& shape() const { return shape_; }

    void write(std::byte* to) const {
        const std::size_t front = whole_.size() % kGroup;
        if (front > 0) {
            to = put(to, group_of(whole_.substr(0, front)));
        }
        to = put_full(to, whole_.substr(front));
        const std::size_t back = fraction_.size() % kGroup;
        to = put_full(to, fraction_.substr(0, fraction_.size() - back));
        if (back > 0) {
            int group = group_of(fraction_.substr(fraction_.size() - back));
            for (std::size_t filled = back; filled < kGroup; ++filled) {
                group *= 10;
            }
            put(to, group);
        }
    }

  private:
    static constexpr std::size_t kGroup = numeric::kDigitsPerGroup;

    /// Zeros at the end of `digits`, at most `limit` of them.
    static void drop_zeros(std::string_view& digits, std::size_t limit) {
        while (limit-- > 0 && digits.back() == '0') {
            digits.remove_suffix(1);
        }
    }

    static int group_of(std::string_view digits) {
        int group = 0;
        for (const char c : digits) {
            group = group * 10 + (c - '0');
        }
        return group;
    }

    static std::byte* put(std::byte* to, int group) {
        datum::store(to, static_cast<std::int16_t>(group));
        return to + sizeof(std::int16_t);
    }

    static std::byte* put_full(std::byte* to, std::string_view digits) {
        for (std::size_t at = 0; at < digits.size(); at += kGroup) {
            const char* const d = digits.data() + at;
            to = put(to,
                     (d[0] - '0') * 1000 + (d[1] - '0') * 100 + (d[2] - '0') * 10 + (d[3] - '0'));
        }
        return to;
    }

    std::string_view whole_;    ///< without zeros in front
    std::string_view fraction_; ///< without zeros at the end
    Shape shape_;
};

const Special* find_special(std::string_view text) {
    for (const Special& special : kSpecials) {
        if (equals_ignoring_case(text, special.name)) {
            return &special;
        }
    }
    return nullptr;
}

std::uint32_t append_special(DataArea& out, std::uint16_t header) {
    out.align(4);
    const auto offset = static_cast<std::uint32_t>(out.size());
    std::byte* const to = out.extend(6);
    datum::store(to, datum::long_header(6));
    datum::store(to + 4, header);
    return offset;
}

Error numeric_error(const char* sqlstate, std::string message) {
    Error error = Error::make(ErrorKind::kData, std::move(message));
    error.sqlstate = sqlstate;
    return error;
}

Error overflow() {
    return numeric_error("22003", "value overflows numeric format");
}

Error not_a_number(std::string_view text) {
    constexpr std::size_t kShownBytes = 64;
    for (std::size_t i = 0; i < text.size() && i < kShownBytes; ++i) {
        if (text[i] < ' ' || text[i] > '~') {
            // Bytes of unknown encoding must not get into a message.
            return numeric_error("22P02", "invalid input syntax for type numeric");
        }
    }
    const std::string shown(text.substr(0, kShownBytes));
    return numeric_error("22P02", "invalid input syntax for type numeric: \"" + shown +
                                      (text.size() > kShownBytes ? "…\"" : "\""));
}

} // namespace

Result<std::uint32_t> append_numeric(DataArea& out, std::string_view text) {
    const std::string_view trimmed = trim(text);
    const std::optional<DecimalText> decimal = parse_decimal(trimmed);
    if (!decimal) {
        const Special* const special = find_special(trimmed);
        return special != nullptr ? Result<std::uint32_t>(append_special(out, special->header))
                                  : Result<std::uint32_t>(not_a_number(text));
    }
    return append_numeric(out, *decimal);
}

Result<std::uint32_t> append_numeric(DataArea& out, const DecimalText& decimal) {
    if (decimal.exponent == 0) {
        const DigitGroups groups(decimal);
        if (!groups.shape().fits_format()) {
            return overflow();
        }
        std::byte* const to = start_numeric(out, groups.shape());
        groups.write(out.end() - 2 * groups.shape().digit_count);
        return static_cast<std::uint32_t>(to - out.data());
    }
    // Zero too, which any exponent would fit. Source: numeric.c, set_var_from_str.
    constexpr std::int64_t kMaxExponent = std::numeric_limits<std::int32_t>::max() / 2;
    if (decimal.exponent >= kMaxExponent || decimal.exponent <= -kMaxExponent) {
        return overflow();
    }
    const DigitRun run(decimal);
    const Shape shape = shape_of(decimal, run);
    if (!shape.fits_format()) {
        return overflow();
    }
    std::byte* const to = start_numeric(out, shape);
    write_digits(run, shape.lead, out.end() - 2 * shape.digit_count);
    return static_cast<std::uint32_t>(to - out.data());
}

std::uint32_t append_numeric(DataArea& out, std::int64_t value) {
    if (value > 0 && value < numeric::kBase) { // most integers are: one group
        constexpr std::uint32_t kBytes = datum::kVarlenaHeaderBytes + 4;
        out.align(4);
        const auto offset = static_cast<std::uint32_t>(out.size());
        datum::store(out.extend(kBytes), static_cast<std::uint64_t>(value) << 48U |
                                             std::uint64_t{numeric::kShort} << 32U |
                                             datum::long_header(kBytes));
        return offset;
    }
    std::array<std::int16_t, 5> groups{}; // lowest first; 10000^5 > 2^63
    std::size_t count = 0;
    std::uint64_t rest =
        value < 0 ? 0U - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    for (; rest != 0; rest /= numeric::kBase) {
        groups[count++] = static_cast<std::int16_t>(rest % numeric::kBase);
    }
    std::size_t zeros = 0;
    while (zeros < count && groups[zeros] == 0) {
        ++zeros;
    }
    Shape shape;
    shape.is_negative = value < 0;
    shape.weight = count == 0 ? 0 : static_cast<std::int64_t>(count) - 1;
    shape.digit_count = count - zeros;
    std::byte* const to = start_numeric(out, shape);
    std::byte* digits = out.data() + out.size() - 2 * shape.digit_count;
    for (std::size_t i = count; i > zeros; --i) {
        datum::store(digits, groups[i - 1]);
        digits += 2;
    }
    return static_cast<std::uint32_t>(to - out.data());
}

} // namespace penstock
