#pragma once

#include "csv/structure.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace penstock::csv {

[[nodiscard]] inline bool is_quoted(std::string_view field, const Dialect& dialect) noexcept {
    return dialect.has_quote && !field.empty() && field.front() == dialect.quote;
}

/// What copy_undoubled() may write behind what it returns.
inline constexpr std::size_t kCopySlack = 64;

/// Copies `text`, in which every quote is doubled, with one of each; returns the end of the copy.
/// `to` has room for all of `text` and kCopySlack bytes.
[[nodiscard]] char* copy_undoubled(std::string_view text, char quote, char* to) noexcept;

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
    if (scratch.size() < field.size() + kCopySlack) { // never smaller: resize() writes zeros
        scratch.resize(field.size() + kCopySlack);
    }
    const char* const end = copy_undoubled(field, dialect.quote, scratch.data());
    return {scratch.data(), static_cast<std::size_t>(end - scratch.data())};
}

/// The field without quotes, if it has any.
[[nodiscard]] inline std::string_view content_of(std::string_view field, const Dialect& dialect,
                                                 std::string& scratch) {
    return is_quoted(field, dialect) ? unquote(field, dialect, scratch) : field;
}

} // namespace penstock::csv
