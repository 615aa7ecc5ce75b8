#pragma once

#include "pg/postgres.hpp"

namespace penstock::fdw {

/// ORDER BY with LIMIT over a scan or groups of ours: adds a path to `final` whose scan sends only
/// rows that can be among the first. Sort and Limit stay above it, so the plugin may send more.
/// `ordered`: the step below, whose fdw_private is what it sorts.
void add_top_path(PlannerInfo* root, const RelOptInfo* ordered, RelOptInfo* final,
                  const FinalPathExtraData* extra);

} // namespace penstock::fdw
