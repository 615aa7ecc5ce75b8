#pragma once

#include "penstock/types/request.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

/// The values that `=` and IN leave for a column: sorted, without duplicates, so a key given twice
/// is looked up once. Several conditions on one column leave what all of them allow.
namespace penstock::system {

/// Nothing when no condition of the kind is there: every value is allowed.
[[nodiscard]] std::optional<std::set<std::int64_t>> integer_keys(const ScanRequest& request,
                                                                 std::string_view column);
[[nodiscard]] std::optional<std::set<std::string>> text_keys(const ScanRequest& request,
                                                             std::string_view column);

/// True when there is no condition, or `value` is among the keys.
template <typename Key, typename V>
[[nodiscard]] bool allows(const std::optional<std::set<Key>>& keys, const V& value) {
    return !keys || keys->contains(Key(value));
}

} // namespace penstock::system
