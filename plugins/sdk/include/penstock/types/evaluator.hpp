#pragma once

#include "penstock/types/request.hpp"

#include <cstdint>
#include <optional>

/// What the SDK computes over the rows of any table, so that a plugin gets it for nothing:
/// conditions, limits, groups, aggregates. The planner of the extension and the SDK read the same
/// tables here.
///
/// Only what gives PostgreSQL's own answer to the last bit is listed; everything else stays in the
/// server. Collations are the planner's business: it pushes text only where bytes decide.
namespace penstock {

/// Which of the rules below a plugin's SDK knows: TableSchema::evaluator. Raise it when a rule is
/// added, and let the functions below take a level then.
///   0  none of them: an SDK of protocol version 1
///   1  all of them
inline constexpr std::uint32_t kEvaluatorLevel = 1;

/// Does the SDK decide `column op value` for columns of this type exactly? The order of floats is
/// PostgreSQL's: NaN equals itself and is larger than all others, and -0 equals 0.
[[nodiscard]] bool can_evaluate(TypeId type, QualOp op) noexcept;

/// May it group by columns of this type: are two values equal exactly when their bytes are (floats:
/// when PostgreSQL says so)?
[[nodiscard]] bool can_group(TypeId type) noexcept;

/// May a plugin promise an order by columns of this type? Where all that compare as equal are alike
/// to every version of the server, whatever its locale (text: in the collation C).
[[nodiscard]] bool can_be_ordered(TypeId type) noexcept;

/// Does the SDK compare two values of this type as the server does? A part of can_be_ordered().
[[nodiscard]] bool can_sort(TypeId type) noexcept;

/// The type of the aggregate's result over a column of `type`; nothing: it stays in the server.
/// `avg` of integers is not in the list: the server divides sum by count, in its own numeric.
[[nodiscard]] std::optional<TypeId> aggregate_result(AggregateFunction function,
                                                     TypeId type) noexcept;

} // namespace penstock
