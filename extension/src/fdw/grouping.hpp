#pragma once

#include "pg/compat.hpp"

#include "fdw/path_data.hpp"
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
    PathTarget* target;
    pg::PathCost cost;
};

/// What a grouping is made of. Plain old data.
struct GroupingStep {
    PathTarget* target;
    List* clauses; ///< SortGroupClauses of the keys
    List* having;  ///< conditions on groups, joined by AND
};

/// Can the plugin do `step` over the rows of `input`, a scan of one of our tables? Null: it cannot.
Grouping* plan_grouping(PlannerInfo* root, RelOptInfo* input, const GroupingStep* step);

/// kPlanSort by what the pathkeys stand for in the groups. NIL: only the server can order so.
List* match_group_order(const Grouping* made, List* pathkeys);

/// The plan of a relation whose fdw_private is a Grouping.
ForeignScan* make_grouped_plan(PlannerInfo* root, RelOptInfo* rel, const ForeignPath* path,
                               List* tlist, Plan* outer_plan);

} // namespace penstock::fdw
