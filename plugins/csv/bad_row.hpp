#pragma once

#include "penstock/types/error.hpp"
#include "penstock/types/type.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The errors of a bad row: what, where, and the option that helps.
namespace penstock::csv {

struct FieldPlace {
    std::string path;
    std::uint64_t line = 0;   ///< from 1
    std::uint32_t column = 0; ///< from 1; 0 = the whole row
    std::string name;         ///< of the column
};

/// A row with another number of fields than the table has columns. 22P04.
[[nodiscard]] Error shape_error(const FieldPlace& place, std::uint32_t fields,
                                std::uint32_t expected);
/// Something behind a closing quote. 22P04.
[[nodiscard]] Error stray_error(const FieldPlace& place);
/// A text that is no value of the column's type. 22P02.
[[nodiscard]] Error value_error(const FieldPlace& place, std::string_view text, TypeId type);
/// Bytes that are not UTF-8, or NUL. 22021.
[[nodiscard]] Error encoding_error(const FieldPlace& place, std::string_view text);

/// A text for a message: on one line, valid UTF-8, at most 100 bytes of it.
[[nodiscard]] std::string printable(std::string_view text);

} // namespace penstock::csv
