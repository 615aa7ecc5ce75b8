#pragma once

#include "penstock/types/error.hpp"

namespace penstock {

/// The exception in flight as an Error, whatever was thrown; call it inside `catch (...)`.
/// Exception keeps its own; out of memory and values that are too large are kLimit; all others are
/// kInternal with what they say of themselves.
[[nodiscard]] Error current_error();

/// "could not <what>: <strerror>", kUnavailable; reads errno.
[[nodiscard]] Error system_error(const char* what);

} // namespace penstock
