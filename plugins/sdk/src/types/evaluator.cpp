#include "penstock/types/evaluator.hpp"

#include <algorithm>
#include <array>

namespace penstock {

namespace {

struct EvaluatedType {
    TypeId type;
    bool is_ordered; ///< min and max exist in all versions of the server
    std::optional<TypeId> sum;
    std::optional<TypeId> avg;
};

/// numeric, interval, inet, jsonb and arrays have equal values of different bytes.
constexpr std::array<EvaluatedType, 11> kTypes{{
    {TypeId::kBool, false, std::nullopt, std::nullopt},
    {TypeId::kInt2, true, TypeId::kInt8, std::nullopt},
    {TypeId::kInt4, true, TypeId::kInt8, std::nullopt},
    {TypeId::kInt8, true, TypeId::kNumeric, std::nullopt},
    {TypeId::kFloat4, true, TypeId::kFloat4, TypeId::kFloat8},
    {TypeId::kFloat8, true, TypeId::kFloat8, TypeId::kFloat8},
    {TypeId::kText, true, std::nullopt, std::nullopt},
    {TypeId::kBytea, false, std::nullopt, std::nullopt},
    {TypeId::kDate, true, std::nullopt, std::nullopt},
    {TypeId::kTimestamptz, true, std::nullopt, std::nullopt},
    {TypeId::kUuid, false, std::nullopt, std::nullopt},
}};

const EvaluatedType* find_entry(TypeId type) noexcept {
    const auto* const found = std::find_if(kTypes.begin(), kTypes.end(),
                                           [&](const auto& entry) { return entry.type == type; });
    return found != kTypes.end() ? found : nullptr;
}

} // namespace

bool can_evaluate(TypeId type, QualOp op) noexcept {
    switch (op) {
    case QualOp::kIsNull:
    case QualOp::kIsNotNull:
        return true;
    case QualOp::kLike: // a pattern that ends in its escape is an error in the server
        return false;
    default:
        return find_entry(type) != nullptr;
    }
}

bool can_group(TypeId type) noexcept {
    return find_entry(type) != nullptr;
}

bool can_be_ordered(TypeId type) noexcept {
    return can_sort(type) || type == TypeId::kNumeric || type == TypeId::kInterval ||
           type == TypeId::kInet;
}

bool can_sort(TypeId type) noexcept {
    return find_entry(type) != nullptr;
}

std::optional<TypeId> aggregate_result(AggregateFunction function, TypeId type) noexcept {
    if (function == AggregateFunction::kCount) {
        return TypeId::kInt8;
    }
    const EvaluatedType* entry = find_entry(type);
    if (entry == nullptr) {
        return std::nullopt;
    }
    switch (function) {
    case AggregateFunction::kSum:
        return entry->sum;
    case AggregateFunction::kAvg:
        return entry->avg;
    default:
        return entry->is_ordered ? std::optional(type) : std::nullopt;
    }
}

} // namespace penstock
