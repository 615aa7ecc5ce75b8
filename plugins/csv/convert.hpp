#pragma once

#include "csv/parse.hpp"
#include "penstock/protocol/block_builder.hpp"
#include "penstock/types/type.hpp"

#include <string>
#include <string_view>

namespace penstock::csv {

/// Can a field be read as this type?
[[nodiscard]] bool can_convert(TypeId type) noexcept;
/// Their SQL names, separated by ", ".
[[nodiscard]] std::string convertible_type_names();

/// Appends `text` to `column` as a value of the column's type. Text is taken as it is.
/// Returns false, with nothing appended, when it cannot be read as that type.
[[nodiscard]] bool append_rare(std::string_view text, ColumnBuilder& column);

/// As append_rare; the four most frequent types inline.
[[nodiscard]] inline bool append_converted(std::string_view text, ColumnBuilder& column) {
    switch (column.type()) {
    case TypeId::kText:
        column.append_text(text);
        return true;
    case TypeId::kInt8: {
        std::int64_t value = 0;
        if (!parse_int8(text, value)) {
            return false;
        }
        column.append_fixed(value);
        return true;
    }
    case TypeId::kFloat8: {
        double value = 0;
        if (!parse_float8(text, value)) {
            return false;
        }
        column.append_fixed(value);
        return true;
    }
    case TypeId::kTimestamptz: {
        Timestamptz value{};
        if (!parse_timestamptz(text, value)) {
            return false;
        }
        column.append_fixed(value.micros);
        return true;
    }
    default:
        return append_rare(text, column);
    }
}

} // namespace penstock::csv
