#pragma once

#include "penstock/types/request.hpp"

#include "penstock/types/error.hpp"

#include <string>
#include <string_view>

namespace penstock {

/// An error whose reason is that the foreign table's definition is older than the schema.
[[nodiscard]] Error definition_changed(ErrorKind kind, std::string message);
/// That error for a condition that the server relies on.
[[nodiscard]] Error not_exact(const TableSchema& schema, const std::string& column, QualOp op);

/// The column of this name, or nullptr.
[[nodiscard]] const Column* find_column(const TableSchema& schema, std::string_view name) noexcept;

/// Where the schema has the column that the server asks for.
/// Errors: throws Exception kNoColumn or kType when the server's catalog does not fit the schema.
[[nodiscard]] std::size_t position_of(const RequestedColumn& requested, const TableSchema& schema);

} // namespace penstock
