#pragma once

#include "core/request.hpp"

#include "pg/postgres.hpp"

/// LIMIT and OFFSET of a query that is nothing but one scan. The server's own Limit node stays; the
/// plugin is told how many rows that node will ever ask for, so it can stop there.
namespace penstock::fdw {

/// kPlanLimit of a scan without local conditions; the values go to the end of `exprs`. NIL when
/// something between scan and LIMIT can need more rows, or there is no LIMIT.
List* plan_limit(PlannerInfo* root, List** exprs);

/// What the plan's LIMIT is now; 0 = none.
std::uint64_t row_limit(ForeignScanState* node);

} // namespace penstock::fdw
