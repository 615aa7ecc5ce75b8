#pragma once

#include "pg/connection_rows.hpp"
#include "pg/schema_wait.hpp"

/// The decision for one schema, and the loop round it: look, ask, wait, look again.
namespace penstock::waiting {

/// What somebody looks for. Plain old data.
struct Wanted {
    const char* const* names; ///< tables; none = not known, then the whole schema counts
    int count;
    const Oid* path; ///< schemas in which any of them may turn up; null: only the schema itself
    int path_count;
    bool raises_error; ///< a connection in error raises its error
    bool is_vague;     ///< a look-up of nobody knows what: waits only for a schema without tables,
                       ///< and raises nothing when no controller runs
};

/// Waits until the schema has what is wanted or will not have it. `connection` names the schema;
/// `schema` may be InvalidOid while it is not there yet.
///
/// A table that is there never waits, in any state. Ready with its tables, disabled, deleting, no
/// row: returns at once. Not loaded yet: loads, unless it is known to offer none of the names.
/// Pending, updating: asks the controller to put it first. Returns: the state at the end; null
/// without a row. Raises: see pg/schema_wait.hpp.
const char* wait_for_tables(const char* connection, Oid schema, const Wanted* wanted,
                            TimestampTz started, std::int64_t timeout_ms);

/// May the tables of the connection be, or hold, any of the names? True when nobody knows.
[[nodiscard]] bool may_offer(const Wanted* wanted, const pg::ConnectionRow* row);

/// Are all names where they are wanted? False when none is given.
[[nodiscard]] bool are_there(const Wanted* wanted, Oid schema);

} // namespace penstock::waiting
