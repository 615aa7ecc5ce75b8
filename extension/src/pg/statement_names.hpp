#pragma once

#include "pg/lookup_headers.hpp"

/// Relation names as they stand in the text of a statement, and where the parser is in it.
namespace penstock::pg {

/// palloc'd in the current context.
struct NameList {
    const char** names;
    int count;
};

/// The parser's own note of where in which text it looks a name up; the server keeps it for error
/// messages. Null `text`: it is looked up by something else.
struct ParsePlace {
    const char* text; ///< of the statement, from its start
    int location;     ///< in `text`, bytes; -1 = not known
    ParseState* state;
};

/// Learns how the server's parser leaves that note. Once, when the library is loaded.
void learn_parse_places();
[[nodiscard]] ParsePlace current_parse_place();

/// Names without a schema that `text` refers to as tables; not those of common table expressions.
/// With `location` >= 0 only those of the statement there; else the text must be one statement.
/// Empty when the text cannot be parsed.
[[nodiscard]] NameList unqualified_names(const char* text, int location);

/// Names that `text`, one statement, refers to in this schema. Empty when it cannot be parsed.
[[nodiscard]] NameList names_in_schema(const char* text, const char* schema);

/// True also for the transition tables of triggers and the like.
[[nodiscard]] bool is_known_to_parser(ParseState* state, const char* name);

} // namespace penstock::pg
