#pragma once

#include <string>
#include <vector>

namespace penstock::query {

/// The names that `wanted` may have been meant to be, nearest first, at most three: those that
/// differ by a third of its letters or less, or begin with it. Bytes count, not characters.
[[nodiscard]] std::vector<std::string> near_names(const std::string& wanted,
                                                  const std::vector<std::string>& names);

/// "Did you mean \"a\" or \"b\"?", or a list of the first names; "" without names.
/// `kind`: what they are, in the plural, such as "connections".
[[nodiscard]] std::string near_names_hint(const std::string& wanted,
                                          const std::vector<std::string>& names,
                                          const std::string& kind);

} // namespace penstock::query
