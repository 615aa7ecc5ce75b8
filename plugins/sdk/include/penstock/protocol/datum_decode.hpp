#pragma once

#include "penstock/types/type.hpp"
#include "penstock/types/value.hpp"

#include <cstddef>

namespace penstock {

/// A value of a block back as a Value: for tests and for plugins that are run by hand. The server
/// uses the bytes as they are.
///
/// Shape:   `datum` = what check_varlena() set, or the value of a fixed-width column; already
///          checked by check_varlena() or check_fixed().
/// Returns: numeric and jsonb in their text form, as the server prints them.
/// Threads: pure.
[[nodiscard]] Value decode_datum(TypeId type, const std::byte* datum);

} // namespace penstock
