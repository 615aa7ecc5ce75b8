#pragma once

#include "penstock/types/request.hpp"

#include <string_view>

namespace penstock {

/// The column of this name, or nullptr.
[[nodiscard]] const Column* find_column(const TableSchema& schema, std::string_view name) noexcept;

/// Where the schema has the column that the server asks for.
/// Errors: throws Exception kNoColumn or kType when the server's catalog does not fit the schema.
[[nodiscard]] std::size_t position_of(const RequestedColumn& requested, const TableSchema& schema);

} // namespace penstock
