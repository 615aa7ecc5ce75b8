#pragma once

#include <string>
#include <string_view>

struct pg_result; // libpq's PGresult

namespace penstock::query {

/// `text` when it is UTF-8; else a copy in `scratch` with U+FFFD for each byte that is not. What a
/// server sends is UTF-8, unless a statement has set another client_encoding.
[[nodiscard]] std::string_view valid_text(std::string_view text, std::string& scratch);

/// A value of a result that is not NULL, by `valid_text`.
[[nodiscard]] std::string_view cell_text(const pg_result& result, int row, int column,
                                         std::string& scratch);

} // namespace penstock::query
