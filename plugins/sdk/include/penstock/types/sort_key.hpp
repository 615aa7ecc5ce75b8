#pragma once

#include "penstock/types/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// One column of an order of rows, as in ORDER BY. Values compare as the server compares them: NaN
/// is larger than all other numbers, -0 equals 0, text goes byte by byte.
struct SortKey {
    std::string column;
    bool is_descending = false;
    bool is_nulls_first = false; ///< whatever the direction; SQL's default is that of is_descending
    /// Of a request for groups: the n-th aggregate, 1…, is meant instead of a column; 0 = a column.
    std::uint32_t aggregate = 0;
    friend bool operator==(const SortKey&, const SortKey&) = default;
};

/// As ORDER BY has it: `day desc, "My name" nulls first`; "" for none.
[[nodiscard]] std::string to_text(const std::vector<SortKey>& keys);
/// The reverse. Errors: kOption, saying what was expected where.
[[nodiscard]] Result<std::vector<SortKey>> sort_keys_from_text(std::string_view text);

} // namespace penstock
