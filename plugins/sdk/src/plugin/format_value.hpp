#pragma once

#include "penstock/types/type.hpp"
#include "penstock/types/value.hpp"

#include <string>
#include <string_view>

namespace penstock {

/// A value as text, close to what psql prints; `\N` for NULL, tabs and line ends escaped as COPY
/// does it. For people: `csv --scan TABLE`.
[[nodiscard]] std::string format_value(const Value& value, TypeId type);

/// The reverse, for conditions given on the command line. Errors: throws Exception kOption for text
/// that is not a value of the type, or a type that has no text form here.
[[nodiscard]] Value parse_value(std::string_view text, TypeId type);

} // namespace penstock
