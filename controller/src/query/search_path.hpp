#pragma once

#include "query/session.hpp"
#include "query/waiter.hpp"

#include <string>
#include <vector>

namespace penstock::query {

/// --search-path and --search-path-prefix: schemas in order; no name stands for "as it is".
struct SearchPath {
    std::vector<std::string> names;  ///< in place of the server's path
    std::vector<std::string> prefix; ///< before it, or before `names`
};

/// Cuts "a, b,\"c,d\"" at its commas. A name means exactly itself: case counts, quotes are only
/// needed for commas, quotes and blanks at the ends.
/// Errors: Exception kOption for an empty name or an open quote.
[[nodiscard]] std::vector<std::string> names_from_list(const std::string& list);

/// Sets the path of the session, "penstock" at its end if it is not on it, and waits until the
/// connections that decide about the given names have their tables.
/// Errors: Exception kOption for a name that is no schema, with near ones as hint; the error that
/// ends the wait; Interrupted.
void apply_search_path(Session& session, Waiter& waiter, const SearchPath& path);

} // namespace penstock::query
