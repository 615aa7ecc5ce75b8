#include "requested_column.hpp"

#include <algorithm>

namespace penstock {

Error definition_changed(ErrorKind kind, std::string message) {
    return Error::make(kind, std::move(message),
                       "The definition of the foreign table differs from what the plugin offers.",
                       "Refresh the connection: select penstock.refresh('…').");
}

Error not_exact(const TableSchema& schema, const std::string& column, QualOp op) {
    return definition_changed(ErrorKind::kType, "column \"" + column + "\" of table \"" +
                                                    schema.name + "\" does not answer \"" +
                                                    std::string(sign_of(op)) +
                                                    "\" exactly any more");
}

const Column* find_column(const TableSchema& schema, std::string_view name) noexcept {
    const auto found = std::find_if(schema.columns.begin(), schema.columns.end(),
                                    [&](const Column& column) { return column.name == name; });
    return found != schema.columns.end() ? &*found : nullptr;
}

std::size_t position_of(const RequestedColumn& requested, const TableSchema& schema) {
    const Column* found = find_column(schema, requested.name);
    const std::string what = "column \"" + requested.name + "\" of table \"" + schema.name + '"';
    if (found == nullptr) {
        throw Exception(definition_changed(ErrorKind::kNoColumn, what + " does not exist"));
    }
    if (found->type != requested.type) {
        const TypeInfo* wanted = find_type(requested.type);
        throw Exception(definition_changed(
            ErrorKind::kType, what + " is of type " +
                                  std::string(find_type(found->type)->sql_name) + ", not " +
                                  (wanted != nullptr ? std::string(wanted->sql_name) : "unknown")));
    }
    return static_cast<std::size_t>(found - schema.columns.data());
}

} // namespace penstock
