#pragma once

#include "penstock/protocol/datum_encode.hpp"

namespace penstock {

/// Appends a jsonb built from JSON text, as the server's own jsonb_in would build it: keys sorted
/// by length and then bytes, the last of equal keys wins, numbers as numeric with their digits
/// kept.
///
/// Built here, on the plugin's core: jsonb_in costs a backend microseconds a document.
/// Errors:  kData, with the codes of jsonb_in: 22P02 malformed, 22P05 for \u0000, 22003 for a
///          number that numeric cannot hold, 22021 for invalid UTF-8; and of our own 54000 for too
///          deep (limit 1,000) or too large (32 MiB). The detail says what is wrong at which byte.
/// Threads: safe; each thread keeps a parser of its own.
/// Source:  utils/jsonb.h (container headers, JEntry, offset stride 32); unchanged since 9.4.
[[nodiscard]] Result<std::uint32_t> append_jsonb(DataArea& out, std::string_view json);

} // namespace penstock
