#pragma once

#include "pg/table.hpp"

/// From what a plugin delivers to what a column holds: columns of types that do not cross the wire
/// arrive as text and go through the type's input function; modifiers and domains are enforced; in
/// a database that is not UTF8, text is converted.
namespace penstock::pg {

/// Encodings that databases with foreign tables may have. Raises for others.
void check_encoding();

/// A name or text of the server, for the wire. Palloc'd only when it has to be converted. Raises
/// 22021 when a text of a database without encoding is not UTF-8.
const char* to_utf8(const char* text);
char* to_utf8(const char* text, int bytes);

/// Text from the wire in the encoding of the database; in the current context. Raises 22P05 when a
/// character cannot be expressed in it.
char* from_utf8(const char* text, int bytes);

struct RowConverter;

/// What has to be done with the columns `attnums` (integers) of `relation`; nullptr = nothing.
/// Lives in the current context.
RowConverter* make_row_converter(Relation relation, const TableInfo* table, const List* attnums);

/// Converts one row in place, NULLs of domains included. New values are palloc'd in the current
/// context. Raises what the types' functions raise, with the column in its CONTEXT.
void convert_row(RowConverter* converter, Datum* values, bool* nulls);

} // namespace penstock::pg
