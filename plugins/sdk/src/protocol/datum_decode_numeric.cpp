#include "datum_decode_parts.hpp"

#include "penstock/protocol/datum_format.hpp"

#include <cstdio>

namespace penstock::datum {

namespace {

/// A numeric as its parts; the digits are base 10000, the first has the weight `weight`.
struct Parts {
    bool is_negative = false;
    int scale = 0;
    int weight = 0;
    std::string_view digits;

    /// The digit of that weight, 0 where none is stored.
    [[nodiscard]] int digit(int at) const {
        const int index = weight - at;
        const int count = static_cast<int>(digits.size() / 2);
        if (index < 0 || index >= count) {
            return 0;
        }
        return load<std::int16_t>(reinterpret_cast<const std::byte*>(digits.data()) + 2L * index);
    }
};

Parts read_parts(std::uint16_t header, std::string_view content) {
    Parts parts;
    if ((header & numeric::kSignMask) == numeric::kShort) {
        parts.is_negative = (header & numeric::kShortNegative) != 0;
        parts.scale = (header >> numeric::kShortDscaleShift) & numeric::kShortDscaleMax;
        parts.weight = header & numeric::kShortWeightMask;
        if ((header & numeric::kShortWeightSign) != 0) {
            parts.weight -= numeric::kShortWeightMask + 1;
        }
        parts.digits = content.substr(2);
    } else {
        parts.is_negative = (header & numeric::kSignMask) == numeric::kNegative;
        parts.scale = header & numeric::kDscaleMask;
        parts.weight = load<std::int16_t>(reinterpret_cast<const std::byte*>(content.data()) + 2);
        parts.digits = content.substr(4);
    }
    return parts;
}

std::string four_digits(int digit) {
    std::string text = std::to_string(digit);
    return std::string(4 - text.size(), '0') + text;
}

} // namespace

std::string numeric_text(std::string_view content) {
    const auto header = load<std::uint16_t>(reinterpret_cast<const std::byte*>(content.data()));
    switch (header) {
    case numeric::kNan:
        return "NaN";
    case numeric::kPositiveInfinity:
        return "Infinity";
    case numeric::kNegativeInfinity:
        return "-Infinity";
    default:
        break;
    }
    const Parts parts = read_parts(header, content);
    std::string whole;
    for (int at = parts.weight; at >= 0; --at) {
        whole += four_digits(parts.digit(at));
    }
    whole.erase(0, whole.find_first_not_of('0'));
    std::string fraction;
    for (int at = -1; static_cast<int>(fraction.size()) < parts.scale; --at) {
        fraction += four_digits(parts.digit(at));
    }
    fraction.resize(static_cast<std::size_t>(parts.scale));
    std::string text = parts.is_negative ? "-" : "";
    text += whole.empty() ? "0" : whole;
    return fraction.empty() ? text : text + '.' + fraction;
}

} // namespace penstock::datum
