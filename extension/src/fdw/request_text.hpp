#pragma once

#include "core/request.hpp"

#include "pg/postgres.hpp"

/// A request's conditions as people read them: in penstock.scan and in the server's log. Palloc'd,
/// in the database's encoding.
namespace penstock::fdw {

/// Bytes of one value that are shown at most; chosen: a word, a path, an ARN.
inline constexpr int kMaxValueBytes = 200;

/// `id <= 10`, `name in ('a', 'b', ... 40 more)`. Values are cut off after `value_bytes` (0: `?`
/// stands for each), lists after ten values.
char* request_qual_text(const core::QualSpec* qual, int value_bytes);

/// A column's name as SQL writes it; requests have it in UTF-8.
const char* request_name_text(const char* name);

/// How much of a text of `bytes` is kept: whole characters, at most `limit` bytes. Text of a
/// database without encoding is cut as UTF-8, so that clients can still read it.
int clipped_bytes(const char* value, std::size_t bytes, int encoding, int limit);

} // namespace penstock::fdw
