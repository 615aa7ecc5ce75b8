#pragma once

#include "csv/structure.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace penstock::csv {

[[nodiscard]] inline bool is_quoted(std::string_view field, const Dialect& dialect) noexcept {
    return dialect.has_quote && !field.empty() && field.front() == dialect.quote;
}

/// The content of a quoted field. Doubled quotes become one, in `scratch`.
/// Lifetime: a view into `field` or `scratch`.
[[nodiscard]] inline std::string_view unquote(std::string_view field, const Dialect& dialect,
                                              std::string& scratch) {
    field.remove_prefix(1);
    if (!field.empty() && field.back() == dialect.quote) {
        field.remove_suffix(1);
    }
    if (field.empty() || std::memchr(field.data(), dialect.quote, field.size()) == nullptr) {
        return field;
    }
    scratch.clear();
    for (std::size_t at = 0; at < field.size(); ++at) {
        scratch.push_back(field[at]);
        if (field[at] == dialect.quote) {
            ++at; // the other half
        }
    }
    return scratch;
}

/// The field without quotes, if it has any.
[[nodiscard]] inline std::string_view content_of(std::string_view field, const Dialect& dialect,
                                                 std::string& scratch) {
    return is_quoted(field, dialect) ? unquote(field, dialect, scratch) : field;
}

} // namespace penstock::csv
