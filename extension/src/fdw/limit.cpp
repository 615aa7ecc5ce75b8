#include "fdw/limit.hpp"

#include "fdw/foreign_stream.hpp"

#include "fdw/plan_data.hpp"

namespace penstock::fdw {
namespace {

/// `rel` is all that the query reads, or an arm of it.
bool is_alone(const PlannerInfo* root, const RelOptInfo* rel) {
    return bms_membership(root->all_baserels) == BMS_SINGLETON ||
           bms_is_subset(root->all_baserels, rel->relids);
}

bool can_evaluate_early(Node* expr) {
    return expr == nullptr || (!contain_volatile_functions(expr) && !contain_subplans(expr) &&
                               !contain_var_clause(expr));
}

int append_expr(Node* expr, List** exprs) {
    if (expr == nullptr) {
        return -1;
    }
    *exprs = lappend(*exprs, expr);
    return list_length(*exprs) - 1;
}

/// A count as the Limit node takes it: int8. NULL and what that node refuses count as `fallback`.
int64 evaluate(ForeignScanState* node, int position, int64 fallback) {
    if (position < 0) {
        return fallback;
    }
    auto* expression = static_cast<ExprState*>(
        list_nth(static_cast<ForeignStream*>(node->fdw_state)->expressions, position));
    bool is_null = false;
    const Datum value = ExecEvalExprSwitchContext(expression, node->ss.ps.ps_ExprContext, &is_null);
    return is_null || DatumGetInt64(value) < 0 ? fallback : DatumGetInt64(value);
}

} // namespace

bool has_early_limit(PlannerInfo* root) {
    const Query* query = root->parse;
    return query->commandType == CMD_SELECT && !query->hasTargetSRFs && query->rowMarks == NIL &&
           query->limitOption == LIMIT_OPTION_COUNT && query->limitCount != nullptr &&
           can_evaluate_early(query->limitCount) && can_evaluate_early(query->limitOffset);
}

bool is_in_wanted_order(PlannerInfo* root, const ForeignPath* path) {
    return root->parse->sortClause == NIL ||
           pathkeys_contained_in(root->sort_pathkeys, path->path.pathkeys);
}

bool is_limit_over_scan(PlannerInfo* root, const ForeignPath* path) {
    const Query* query = root->parse;
    const bool has_step_between = query->groupClause != NIL || query->groupingSets != NIL ||
                                  query->distinctClause != NIL || query->hasAggs ||
                                  query->hasWindowFuncs || query->havingQual != nullptr ||
                                  query->setOperations != nullptr;
    return !has_step_between && is_alone(root, path->path.parent) && is_in_wanted_order(root, path);
}

int row_target(PlannerInfo* root, const ForeignPath* path) {
    // limit_tuples is unset for grouping, DISTINCT and the like, but not for ORDER BY.
    const bool is_limited = root->limit_tuples > 0 && root->limit_tuples < 1.0e9;
    return is_limited && is_alone(root, path->path.parent) && is_in_wanted_order(root, path)
               ? static_cast<int>(root->limit_tuples)
               : 0;
}

List* plan_limit(PlannerInfo* root, List** exprs) {
    if (!has_early_limit(root)) {
        return NIL;
    }
    const int count_position = append_expr(root->parse->limitCount, exprs);
    return list_make2_int(count_position, append_expr(root->parse->limitOffset, exprs));
}

std::uint64_t row_limit(ForeignScanState* node) {
    List* limit = limit_of(castNode(ForeignScan, node->ss.ps.plan));
    if (limit == NIL) {
        return 0;
    }
    const int64 count = evaluate(node, linitial_int(limit), -1);
    const int64 offset = evaluate(node, lsecond_int(limit), 0);
    // LIMIT 0 is answered without the scan.
    return count <= 0 ? 0 : static_cast<std::uint64_t>(count) + static_cast<std::uint64_t>(offset);
}

} // namespace penstock::fdw
