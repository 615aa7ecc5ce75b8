#include "fdw/callbacks.hpp"
#include "fdw/grouping.hpp"
#include "fdw/join.hpp"
#include "fdw/limit.hpp"
#include "fdw/path_data.hpp"
#include "fdw/plan_data.hpp"
#include "fdw/rel_state.hpp"

/// The plan: which conditions go to the plugin, which columns it delivers. Never talks to a plugin.
namespace penstock::fdw {

List* plan_qual(const pg::PushableQual* qual, List** exprs) {
    int expr = kNoExpr;
    if (qual->value != nullptr) {
        expr = list_length(*exprs);
        *exprs = lappend(*exprs, qual->value);
    }
    return list_make4_int(qual->attnum, static_cast<int>(qual->op),
                          static_cast<int>(qual->is_exact), expr);
}

namespace {

/// How the plan's conditions were divided.
struct DividedQuals {
    List* local;   ///< checked by the server: superset and none
    List* recheck; ///< exact ones, for EvalPlanQual
    List* planned; ///< kPlanQuals
    List* exprs;   ///< fdw_exprs
    Bitmapset* keyed;
};

void push_qual(const pg::TableInfo* table, const pg::PushableQual* qual, DividedQuals* divided) {
    divided->planned = lappend(divided->planned, plan_qual(qual, &divided->exprs));
    if (is_key(table, qual)) {
        divided->keyed = bms_add_member(divided->keyed, qual->attnum - 1);
    }
}

DividedQuals divide_quals(PlannerInfo* root, RelOptInfo* rel, List* scan_clauses) {
    DividedQuals divided = {};
    ListCell* cell = nullptr;
    foreach (cell, scan_clauses) {
        auto* info = lfirst_node(RestrictInfo, cell);
        if (info->pseudoconstant) {
            continue; // a gating Result node above the scan checks it
        }
        pg::PushableQual qual = {};
        const bool is_pushed = match_clause(root, rel, info, &qual);
        if (is_pushed) {
            push_qual(state_of(rel)->table, &qual, &divided);
        }
        if (is_pushed && qual.is_exact) {
            divided.recheck = lappend(divided.recheck, info->clause);
        } else {
            divided.local = lappend(divided.local, info->clause);
        }
    }
    return divided;
}

/// Keys that the path's own conditions imply; nobody relies on the plugin for them.
void push_keys(PlannerInfo* root, RelOptInfo* rel, List* keys, DividedQuals* divided) {
    ListCell* cell = nullptr;
    foreach (cell, keys) {
        pg::PushableQual qual = {};
        if (match_clause(root, rel, lfirst_node(RestrictInfo, cell), &qual)) {
            push_qual(state_of(rel)->table, &qual, divided);
        }
    }
}

/// The IN whose list the key batch join above gives; always the last. The join checks again.
void push_batch(const pg::TableInfo* table, int attnum, DividedQuals* divided) {
    const pg::ColumnInfo* column = &table->columns[attnum - 1];
    List* planned = list_make4_int(attnum, static_cast<int>(QualOp::kIn),
                                   static_cast<int>(column->exact.has(QualOp::kIn)), kBatchExpr);
    divided->planned = lappend(divided->planned, planned);
    divided->keyed = bms_add_member(divided->keyed, attnum - 1);
}

/// Attribute numbers that the scan must deliver: what is used above it, by the local conditions,
/// and what the order of the rows is checked by.
List* needed_columns(RelOptInfo* rel, List* local_quals, List* sort) {
    const pg::TableInfo* table = state_of(rel)->table;
    Bitmapset* used = nullptr;
    pull_varattnos(reinterpret_cast<Node*>(rel->reltarget->exprs), rel->relid, &used);
    pull_varattnos(reinterpret_cast<Node*>(local_quals), rel->relid, &used);
    ListCell* cell = nullptr;
    foreach (cell, sort) {
        used = bms_add_member(used, read_sort_key(lfirst(cell)).column -
                                        FirstLowInvalidHeapAttributeNumber);
    }
    const bool is_whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
    List* columns = NIL;
    for (int index = 0; index < table->column_count; ++index) {
        const AttrNumber attnum = table->columns[index].attnum;
        if (attnum != 0 &&
            (is_whole_row || bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, used))) {
            columns = lappend_int(columns, attnum);
        }
    }
    return columns;
}

} // namespace
} // namespace penstock::fdw

using namespace penstock;
using namespace penstock::fdw;

// NOLINTNEXTLINE(readability-function-size): the server says what the parameters are
ForeignScan* penstock_get_foreign_plan(PlannerInfo* root, RelOptInfo* rel, Oid, ForeignPath* path,
                                       List* tlist, List* scan_clauses, Plan* outer_plan) noexcept {
    if (IS_UPPER_REL(rel)) {
        return make_grouped_plan(root, rel, path, tlist, outer_plan);
    }
    if (IS_JOIN_REL(rel)) {
        return make_join_plan(root, path, tlist, outer_plan);
    }
    DividedQuals divided = divide_quals(root, rel, scan_clauses);
    const PathData* data = data_of(path);
    push_keys(root, rel, data->keys, &divided);
    if (data->batch != 0) {
        push_batch(state_of(rel)->table, data->batch, &divided);
    }
    if (!may_never_run(root)) {
        check_keys(state_of(rel)->table, divided.keyed);
    }
    const int target = data->is_top || divided.local != NIL ? 0 : row_target(root, path);
    const bool is_limited = divided.local == NIL && state_of(rel)->table->evaluator > 0 &&
                            (data->is_top || is_limit_over_scan(root, path));
    List* limit = is_limited ? plan_limit(root, &divided.exprs) : NIL;
    List* items = list_make5(needed_columns(rel, divided.local, data->sort), divided.planned,
                             list_make1_int(target), limit, data->sort);
    items = lappend(items, list_make1_int(static_cast<int>(data->is_top)));
    return make_foreignscan(tlist, divided.local, rel->relid, divided.exprs, items, NIL,
                            divided.recheck, outer_plan);
}
