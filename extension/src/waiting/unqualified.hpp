#pragma once

namespace penstock::waiting {

/// Waits for names without a schema: called when the server recomputes the search path for the
/// first name of a statement, and some schema of the path is not settled.
///
/// Never waits unless the statement names a relation that no schema of the path has; then for the
/// schemas that decide: of each plugin the first one on the path, and all whose tables are their
/// own (dynamic plugins); not loaded ones only when they offer the name. A connection in error
/// raises nothing. Resolves no name through the search path and runs no SQL: the server is in the
/// middle of making that path (17 and later hold a pointer into their cache of it).
void wait_for_unqualified_names();

} // namespace penstock::waiting
