#pragma once

#include "core/request.hpp"

#include "pg/postgres.hpp"

/// LIMIT and OFFSET in the plugin. The server's own Limit node stays; the plugin is told how many
/// rows that node will ever ask for, so it can stop there, or keep only those that come first.
namespace penstock::fdw {

/// Is there a LIMIT whose number the scan can know when it starts? What steps are below it is not
/// looked at, but that each row it counts is one of theirs, and none is locked.
bool has_early_limit(PlannerInfo* root);

/// Do the path's rows come as the query's ORDER BY wants them, if it has one?
bool is_in_wanted_order(PlannerInfo* root, const ForeignPath* path);

/// Each row of the path, a scan of a table or of a join, is a row that LIMIT counts.
bool is_limit_over_scan(PlannerInfo* root, const ForeignPath* path);

/// kPlanLimit; the values go to the end of `exprs`. NIL when there is no early LIMIT.
List* plan_limit(PlannerInfo* root, List** exprs);

/// Rows that the query is likely to read of a path without local conditions; 0 = all. Only when
/// nothing between scan and LIMIT can need more.
int row_target(PlannerInfo* root, const ForeignPath* path);

/// What the plan's LIMIT is now; 0 = none.
std::uint64_t row_limit(ForeignScanState* node);

} // namespace penstock::fdw
