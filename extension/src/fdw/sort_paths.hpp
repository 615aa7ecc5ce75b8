#pragma once

#include "pg/compat.hpp"

#include "fdw/path_data.hpp"
#include "fdw/rel_state.hpp"

/// Orders of rows that a plugin keeps or makes, for the planner.
namespace penstock::fdw {

/// Setting penstock.sort_pushdown.
extern bool is_sort_pushdown;

/// An order as the planner and as the plan have it.
struct RowOrder {
    List* pathkeys;
    List* sort; ///< kPlanSort
};

/// The order in which rows of the table always come, as far as the query can use it.
RowOrder natural_order(PlannerInfo* root, RelOptInfo* rel);

/// Paths whose rows the plugin sorts: as the query asks, and for merge joins. `plain` is the cost
/// of the rows in any order.
void add_sorted_paths(PlannerInfo* root, RelOptInfo* rel, const pg::PathCost& plain);

/// The plugin answers each condition of `rel` itself. What is left to the server to check would
/// come after rows were sorted, counted or cut off.
bool are_quals_exact(PlannerInfo* root, RelOptInfo* rel);

/// An entry of kPlanSort. `column`: an attribute number, or a position in a grouped answer.
inline List* plan_sort_key(int column, bool is_descending, bool is_nulls_first) {
    return list_make3_int(column, static_cast<int>(is_descending),
                          static_cast<int>(is_nulls_first));
}

} // namespace penstock::fdw
