#include "check_quals.hpp"

#include "penstock/types/like.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace penstock::testing {

namespace {

template <typename T>
int order(const T& left, const T& right) {
    return left < right ? -1 : static_cast<int>(right < left);
}

/// -1, 0, 1; nothing for types without an order here.
struct Compare {
    std::optional<int> operator()(bool left, bool right) const { return order(left, right); }
    std::optional<int> operator()(std::int64_t left, std::int64_t right) const {
        return order(left, right);
    }
    /// NaN equals itself and is larger than all others.
    std::optional<int> operator()(double left, double right) const {
        if (std::isnan(left) || std::isnan(right)) {
            return order(std::isnan(left), std::isnan(right));
        }
        return order(left, right);
    }
    std::optional<int> operator()(const std::string& left, const std::string& right) const {
        return order(left.compare(right), 0);
    }
    std::optional<int> operator()(const Bytes& left, const Bytes& right) const {
        return order(left.data.compare(right.data), 0);
    }
    std::optional<int> operator()(const Date& left, const Date& right) const {
        return order(left.days, right.days);
    }
    std::optional<int> operator()(const Timestamptz& left, const Timestamptz& right) const {
        return order(left.micros, right.micros);
    }
    std::optional<int> operator()(const Uuid& left, const Uuid& right) const {
        return order(left.bytes, right.bytes);
    }
    template <typename Left, typename Right>
    std::optional<int> operator()(const Left& /*left*/, const Right& /*right*/) const {
        return std::nullopt;
    }
};

bool is_equal(const Value& left, const Value& right) {
    const std::optional<int> order = std::visit(Compare{}, left, right);
    return order ? *order == 0 : left == right;
}

bool is_ordered(const Value& left, QualOp op, const Value& right) {
    const std::optional<int> order = std::visit(Compare{}, left, right);
    if (!order) {
        return true;
    }
    switch (op) {
    case QualOp::kLt:
        return *order < 0;
    case QualOp::kLe:
        return *order <= 0;
    case QualOp::kGt:
        return *order > 0;
    default:
        return *order >= 0;
    }
}

} // namespace

bool satisfies(const Value& value, const Qual& qual) {
    if (qual.op == QualOp::kIsNull || qual.op == QualOp::kIsNotNull) {
        return is_null(value) == (qual.op == QualOp::kIsNull);
    }
    if (is_null(value)) {
        return false;
    }
    const bool is_among = std::any_of(qual.values.begin(), qual.values.end(),
                                      [&](const Value& wanted) { return is_equal(value, wanted); });
    switch (qual.op) {
    case QualOp::kEq:
    case QualOp::kIn:
        return is_among;
    case QualOp::kNe:
        return !is_among;
    case QualOp::kLike:
        return is_like(std::get<std::string>(value), std::get<std::string>(qual.values.at(0)));
    default:
        return is_ordered(value, qual.op, qual.values.at(0));
    }
}

} // namespace penstock::testing
