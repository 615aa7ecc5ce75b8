#pragma once

#include "reconcile/state.hpp"

#include <cstddef>
#include <set>
#include <string>

namespace penstock::reconcile {

/// Decides for every connection whether its schema is to hold its tables (`wants_tables`):
/// - `lazy`: once somebody referred to it, so when its name is in `referenced`;
/// - `enabled`: while all such tables are at most `most_tables`. Connections that have their tables
///   count first, the others by name; one past the limit is as a lazy one.
/// Tables that are on offer are counted; a connection whose offer is not known counts none.
/// Pure, O(connections).
void plan_loading(Desired& desired, const Actual& actual, const Offers& offers,
                  const std::set<std::string>& referenced, std::size_t most_tables);

} // namespace penstock::reconcile
