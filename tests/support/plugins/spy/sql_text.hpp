#pragma once

#include "penstock/types/value.hpp"

#include <string>

namespace spy {

/// The value as SQL input of its type: no datum, no help of the SDK, so that comparing the rows of
/// a heap table made of it with those of the plugin tests both. NULL: "NULL".
std::string sql_text(const penstock::Value& value);

/// The same as a field of COPY, NULL: \N.
std::string copy_field(const penstock::Value& value);

} // namespace spy
