#pragma once

#include "fdw/rel_state.hpp"

/// GROUP BY, DISTINCT and aggregates in the plugin: what of a query's grouping step its SDK can do.
namespace penstock::fdw {

/// Setting penstock.aggregate_pushdown.
extern bool is_aggregate_pushdown;

/// A grouping step that the plugin does: RelOptInfo.fdw_private of the step's relation.
struct Grouping {
    pg::TableInfo* table;
    List* tlist;   ///< the scan's rows: keys and aggregates, as TargetEntry
    List* keys;    ///< integer list: attribute numbers
    List* calls;   ///< kPlanCalls
    List* outputs; ///< kPlanOutputs
    List* quals;   ///< kPlanQuals
    List* exprs;   ///< fdw_exprs
    List* having;  ///< checked by the server
};

/// What a grouping is made of. Plain old data.
struct GroupingStep {
    PathTarget* target;
    List* clauses; ///< SortGroupClauses of the keys
    List* having;  ///< conditions on groups, joined by AND
};

/// Can the plugin do `step` over the rows of `input`, a scan of one of our tables? Null: it cannot.
Grouping* plan_grouping(PlannerInfo* root, RelOptInfo* input, const GroupingStep* step);

/// The plan of a relation whose fdw_private is a Grouping.
ForeignScan* make_grouped_plan(RelOptInfo* rel, List* tlist, Plan* outer_plan);

} // namespace penstock::fdw
