#pragma once

#include "penstock/types/type.hpp"
#include "penstock/types/value.hpp"

#include <string>

namespace penstock {

/// A value that is not NULL as JSON text, as the server's to_jsonb() would write it in time zone
/// UTC: numbers stay numbers, NaN and infinities become strings, lists arrays, all else strings.
[[nodiscard]] std::string value_to_json(const Value& value, TypeId type);

} // namespace penstock
