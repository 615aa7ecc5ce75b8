#pragma once

#include "penstock/types/request.hpp"

#include <string>
#include <vector>

namespace penstock::testing {

/// Does `value` satisfy the condition, as SQL sees it (a comparison with NULL is not true)?
/// Text compares byte by byte. Types without an order here (numeric, interval, inet, jsonb, arrays)
/// count as satisfying `<` and the like; equality is checked for all.
[[nodiscard]] bool satisfies(const Value& value, const Qual& qual);

} // namespace penstock::testing
