#include "fdw/limit.hpp"

#include "fdw/foreign_stream.hpp"

#include "fdw/plan_data.hpp"

namespace penstock::fdw {
namespace {

/// Each row of the scan is a row that LIMIT counts.
bool is_limit_over_scan(const PlannerInfo* root) {
    const Query* query = root->parse;
    const bool has_step_between =
        query->groupClause != NIL || query->groupingSets != NIL || query->distinctClause != NIL ||
        query->hasAggs || query->hasWindowFuncs || query->hasTargetSRFs ||
        query->havingQual != nullptr || query->sortClause != NIL || query->setOperations != nullptr;
    return query->commandType == CMD_SELECT && !has_step_between && query->rowMarks == NIL &&
           query->limitOption == LIMIT_OPTION_COUNT &&
           bms_membership(root->all_baserels) == BMS_SINGLETON;
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

List* plan_limit(PlannerInfo* root, List** exprs) {
    Node* count = root->parse->limitCount;
    Node* offset = root->parse->limitOffset;
    if (count == nullptr || !is_limit_over_scan(root) || !can_evaluate_early(count) ||
        !can_evaluate_early(offset)) {
        return NIL;
    }
    const int count_position = append_expr(count, exprs);
    return list_make2_int(count_position, append_expr(offset, exprs));
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
