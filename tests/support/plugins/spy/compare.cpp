#include "compare.hpp"

#include "penstock/types/like.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace spy {

using namespace penstock;

namespace {

int sign(bool is_less, bool is_greater) {
    return static_cast<int>(is_greater) - static_cast<int>(is_less);
}

/// A number as -1, 0, 1 and its digits: whole ones without leading zeros, decimals without
/// trailing.
struct Decimal {
    int sign = 0;
    int infinity = 0; ///< -1 -Infinity, 1 Infinity, 2 NaN
    std::string whole;
    std::string fraction;
};

/// Of the text forms that PostgreSQL prints, and "1e20".
Decimal parse(std::string text) {
    Decimal number;
    if (text == "NaN" || text == "Infinity" || text == "-Infinity") {
        number.infinity = text == "NaN" ? 2 : text == "Infinity" ? 1 : -1;
        return number;
    }
    const bool is_negative = text.front() == '-';
    text.erase(0, is_negative ? 1 : 0);
    std::size_t exponent = 0;
    if (const std::size_t at = text.find('e'); at != std::string::npos) {
        exponent = std::stoul(text.substr(at + 1));
        text.erase(at);
    }
    const std::size_t point = std::min(text.find('.'), text.size());
    number.whole = text.substr(0, point) + std::string(exponent, '0');
    number.fraction = point < text.size() ? text.substr(point + 1) : "";
    number.whole.erase(0, number.whole.find_first_not_of('0'));
    number.fraction.erase(number.fraction.find_last_not_of('0') + 1);
    if (!number.whole.empty() || !number.fraction.empty()) {
        number.sign = is_negative ? -1 : 1;
    }
    return number;
}

int compare_numeric(const std::string& left_text, const std::string& right_text) {
    const Decimal left = parse(left_text);
    const Decimal right = parse(right_text);
    if (left.infinity != 0 || right.infinity != 0) {
        return sign(left.infinity<right.infinity, left.infinity> right.infinity);
    }
    if (left.sign != right.sign || left.sign == 0) {
        return sign(left.sign<right.sign, left.sign> right.sign);
    }
    int order =
        sign(left.whole.size() < right.whole.size(), left.whole.size() > right.whole.size());
    order = order != 0 ? order : left.whole.compare(right.whole);
    order = order != 0 ? order : left.fraction.compare(right.fraction);
    return left.sign * sign(order < 0, order > 0);
}

/// A month counts as 30 days, a day as 24 hours.
__int128 span_of(const Interval& interval) {
    constexpr __int128 kMicrosPerDay = 86'400'000'000;
    return interval.micros + kMicrosPerDay * (interval.days + __int128{30} * interval.months);
}

int compare_bits(const Inet& left, const Inet& right, unsigned bits) {
    const int order = std::memcmp(left.bytes.data(), right.bytes.data(), bits / 8);
    if (order != 0 || bits % 8 == 0) {
        return order;
    }
    const unsigned shift = 8 - bits % 8;
    const unsigned left_rest = left.bytes[bits / 8] >> shift;
    const unsigned right_rest = right.bytes[bits / 8] >> shift;
    return sign(left_rest<right_rest, left_rest> right_rest);
}

/// Family, the bits both have, the number of bits, the rest of the address.
int compare_inet(const Inet& left, const Inet& right) {
    if (left.is_v6 != right.is_v6) {
        return sign(right.is_v6, left.is_v6);
    }
    int order = compare_bits(left, right, std::min(left.bits, right.bits));
    order = order != 0 ? order : sign(left.bits<right.bits, left.bits> right.bits);
    return order != 0 ? order : compare_bits(left, right, left.is_v6 ? 128 : 32);
}

template <typename T>
int compare_plain(const T& left, const T& right) {
    return sign(left < right, right < left);
}

/// NaN is equal to itself and greater than all others.
int compare_double(double left, double right) {
    if (std::isnan(left) || std::isnan(right)) {
        return static_cast<int>(std::isnan(left)) - static_cast<int>(std::isnan(right));
    }
    return compare_plain(left, right);
}

/// Both are of `type`, and not NULL.
int compare(const Value& left, const Value& right, TypeId type) {
    switch (type) {
    case TypeId::kBool:
        return compare_plain(std::get<bool>(left), std::get<bool>(right));
    case TypeId::kInt2:
    case TypeId::kInt4:
    case TypeId::kInt8:
        return compare_plain(std::get<std::int64_t>(left), std::get<std::int64_t>(right));
    case TypeId::kFloat4:
    case TypeId::kFloat8:
        return compare_double(std::get<double>(left), std::get<double>(right));
    case TypeId::kNumeric:
        return compare_numeric(std::get<Numeric>(left).text, std::get<Numeric>(right).text);
    case TypeId::kText:
        return std::get<std::string>(left).compare(std::get<std::string>(right));
    case TypeId::kBytea:
        return std::get<Bytes>(left).data.compare(std::get<Bytes>(right).data);
    case TypeId::kDate:
        return compare_plain(std::get<Date>(left).days, std::get<Date>(right).days);
    case TypeId::kTimestamptz:
        return compare_plain(std::get<Timestamptz>(left).micros,
                             std::get<Timestamptz>(right).micros);
    case TypeId::kInterval:
        return compare_plain(span_of(std::get<Interval>(left)), span_of(std::get<Interval>(right)));
    case TypeId::kUuid:
        return compare_plain(std::get<Uuid>(left).bytes, std::get<Uuid>(right).bytes);
    case TypeId::kInet:
    case TypeId::kCidr:
        return compare_inet(std::get<Inet>(left), std::get<Inet>(right));
    default:
        throw Exception(ErrorKind::kInternal, "the spy cannot compare this type");
    }
}

} // namespace

bool is_comparable(TypeId type, QualOp op) {
    if (op == QualOp::kIsNull || op == QualOp::kIsNotNull) {
        return true;
    }
    return op == QualOp::kLike
               ? type == TypeId::kText
               : type != TypeId::kJsonb && type != TypeId::kTextArray && type != TypeId::kInt8Array;
}

int compare_by(const SortKey& key, const Value& left, const Value& right, TypeId type) {
    if (is_null(left) || is_null(right)) {
        const int nulls_last = sign(is_null(right), is_null(left));
        return key.is_nulls_first ? -nulls_last : nulls_last;
    }
    const int order = compare(left, right, type);
    return key.is_descending ? -order : order;
}

bool is_satisfied(const Value& value, const Qual& qual) {
    if (qual.op == QualOp::kIsNull || qual.op == QualOp::kIsNotNull) {
        return is_null(value) == (qual.op == QualOp::kIsNull);
    }
    if (is_null(value)) {
        return false;
    }
    if (qual.op == QualOp::kIn) {
        return std::any_of(qual.values.begin(), qual.values.end(), [&](const Value& wanted) {
            return compare(value, wanted, qual.type) == 0;
        });
    }
    if (qual.op == QualOp::kLike) {
        return is_like(std::get<std::string>(value), std::get<std::string>(qual.values.at(0)));
    }
    return is_satisfied(value, qual.op, qual.values.at(0), qual.type);
}

bool is_satisfied(const Value& left, QualOp op, const Value& right, TypeId type) {
    const int order = compare(left, right, type);
    switch (op) {
    case QualOp::kEq:
        return order == 0;
    case QualOp::kNe:
        return order != 0;
    case QualOp::kLt:
        return order < 0;
    case QualOp::kLe:
        return order <= 0;
    case QualOp::kGt:
        return order > 0;
    default:
        return order >= 0;
    }
}

} // namespace spy
