#include "fdw/top_path.hpp"

#include "penstock/types/evaluator.hpp"

#include "fdw/callbacks.hpp"
#include "fdw/costs.hpp"
#include "fdw/grouping.hpp"
#include "fdw/limit.hpp"
#include "fdw/sort_paths.hpp"
#include "pg/ordering.hpp"

namespace penstock::fdw {
namespace {

/// Of the rows that a LIMIT of unknown size takes; as the server's own guess.
constexpr double kUnknownFraction = 0.1;

/// kPlanSort of a scan. NIL: the order is not one that the SDK knows.
List* match_scan_order(const RelOptInfo* rel, List* pathkeys) {
    const pg::TableInfo* table = state_of(const_cast<RelOptInfo*>(rel))->table;
    List* sort = NIL;
    ListCell* cell = nullptr;
    foreach (cell, pathkeys) {
        pg::SortColumn column = {};
        if (!pg::match_pathkey(rel, table, lfirst_node(PathKey, cell), &column) ||
            !can_sort(table->columns[column.attnum - 1].type)) {
            return NIL;
        }
        sort = lappend(sort,
                       plan_sort_key(column.attnum, column.is_descending, column.is_nulls_first));
    }
    return sort;
}

bool is_sorted_by_sdk(PlannerInfo* root, RelOptInfo* input) {
    return is_evaluated_scan(root, input) &&
           !lacks_keys(state_of(input)->table, state_of(input)->keyed) &&
           are_quals_exact(root, input);
}

/// How many rows are wanted; 0 = so many that the plugin had better send them all.
double wanted_rows(const FinalPathExtraData* extra, double rows, int width) {
    const double wanted =
        extra->limit_tuples > 0 ? extra->limit_tuples : clamp_row_est(rows * kUnknownFraction);
    return wanted < rows && wanted * width < kMaxKeptBytes ? wanted : 0;
}

Path* scan_path(PlannerInfo* root, RelOptInfo* input, const FinalPathExtraData* extra) {
    List* sort = is_sorted_by_sdk(root, input) ? match_scan_order(input, root->sort_pathkeys) : NIL;
    const double rows = wanted_rows(extra, input->rows, input->reltarget->width);
    if (sort == NIL || rows == 0) {
        return nullptr;
    }
    pg::PathCost cost = {rows, 0, 0, false};
    cost.startup = state_of(input)->table->startup_ms * kCostPerMs +
                   Max(input->tuples, input->rows) * (1 + list_length(sort)) * cpu_operator_cost *
                       kEvaluationCostFactor +
                   input->reltarget->cost.startup;
    cost.total = cost.startup + rows * (cpu_tuple_cost * (1 + kTransferCostFactor) +
                                        input->reltarget->cost.per_tuple);
    ForeignPath* path = pg::make_foreignscan_path(root, input, cost, nullptr);
    set_data(path, {0, NIL, sort, true});
    return reinterpret_cast<Path*>(path);
}

Path* grouped_path(PlannerInfo* root, RelOptInfo* input, const FinalPathExtraData* extra) {
    const auto* grouping = static_cast<Grouping*>(input->fdw_private);
    if (grouping == nullptr || grouping->having != NIL) {
        return nullptr;
    }
    List* sort = match_group_order(grouping, root->sort_pathkeys);
    const double rows = wanted_rows(extra, grouping->cost.rows, grouping->target->width);
    if (sort == NIL || rows == 0) {
        return nullptr;
    }
    pg::PathCost cost = grouping->cost;
    cost.startup += cost.rows * list_length(sort) * cpu_operator_cost * kEvaluationCostFactor;
    cost.rows = rows;
    cost.total = cost.startup + rows * (cpu_tuple_cost + grouping->target->cost.per_tuple);
    ForeignPath* path = pg::make_upper_path(root, input, grouping->target, cost);
    set_data(path, {0, NIL, sort, true});
    return reinterpret_cast<Path*>(path);
}

} // namespace

void add_top_path(PlannerInfo* root, const RelOptInfo* ordered, RelOptInfo* final,
                  const FinalPathExtraData* extra) {
    auto* input = static_cast<RelOptInfo*>(ordered->fdw_private);
    const bool is_sorted = ordered->reloptkind == RELOPT_UPPER_REL && input != nullptr &&
                           root->parse->sortClause != NIL && root->sort_pathkeys != NIL;
    if (!is_sort_pushdown || !is_sorted || !extra->limit_needed || !has_early_limit(root)) {
        return;
    }
    Path* path = input->reloptkind == RELOPT_UPPER_REL ? grouped_path(root, input, extra)
                                                       : scan_path(root, input, extra);
    if (path == nullptr) {
        return;
    }
    path->parallel_safe = false;
    PathTarget* target = root->upper_targets[UPPERREL_FINAL];
    path = reinterpret_cast<Path*>(
        create_sort_path(root, final, path, root->sort_pathkeys, extra->limit_tuples));
    if (path->pathtarget != target) {
        path = reinterpret_cast<Path*>(create_projection_path(root, final, path, target));
    }
    const Query* query = root->parse;
    add_path(final, reinterpret_cast<Path*>(create_limit_path(
                        root, final, path, query->limitOffset, query->limitCount,
                        query->limitOption, extra->offset_est, extra->count_est)));
}

} // namespace penstock::fdw
