#include "fdw/key_batch.hpp"

#include "fdw/callbacks.hpp"
#include "fdw/costs.hpp"
#include "fdw/path_data.hpp"
#include "fdw/rel_state.hpp"
#include "pg/boundary.hpp"

/// Planning of the key batch join.
namespace penstock::fdw {

bool is_key_batch_join = true;

namespace {

constexpr char kName[] = "PenstockKeyBatchJoin";

set_join_pathlist_hook_type previous_hook = nullptr;

/// One join as the hook sees it.
struct Join {
    PlannerInfo* root;
    RelOptInfo* rel;
    RelOptInfo* outer;
    RelOptInfo* inner;
    JoinType type;
    JoinPathExtraData* extra;
};

/// The condition that the keys come from. Planner memory only: CustomPath.custom_private.
struct BatchKey {
    JoinType type;
    List* restrictions; ///< of the join, RestrictInfos
    OpExpr* clause;
    Expr* outer;
    Expr* inner;
    AttrNumber attnum;
    Oid outer_hash;
    Oid inner_hash;
    int size;
    int first;
};

/// Would a Result node stand between the join and the scan? It checks once what depends on no row.
bool is_gated(const RelOptInfo* inner) {
    ListCell* cell = nullptr;
    foreach (cell, inner->baserestrictinfo) {
        if (lfirst_node(RestrictInfo, cell)->pseudoconstant) {
            return true;
        }
    }
    return false;
}

bool is_supported(const Join* join) {
    const bool is_type_ok = join->type == JOIN_INNER || join->type == JOIN_SEMI ||
                            join->type == JOIN_ANTI ||
                            (join->type == JOIN_LEFT && !pg::kMarksNullableVars);
    const RelOptInfo* inner = join->inner;
    return is_key_batch_join && is_type_ok &&
           (inner->reloptkind == RELOPT_BASEREL || inner->reloptkind == RELOPT_OTHER_MEMBER_REL) &&
           inner->fdwroutine != nullptr &&
           inner->fdwroutine->GetForeignPaths == penstock_get_foreign_paths &&
           inner->fdw_private != nullptr && // a parent's own; its children are joined one by one
           !planner_rt_fetch(inner->relid, join->root)->inh && !is_gated(inner) &&
           bms_is_empty(inner->lateral_relids) && bms_is_empty(join->rel->lateral_relids) &&
           join->outer->cheapest_total_path != nullptr &&
           join->outer->cheapest_total_path->param_info == nullptr &&
           // Conditions of different security levels have an order that only the server knows.
           join->root->qual_security_level == 0;
}

/// Fills in `key` from an equality between the outer side and a column that takes batches.
bool match_key(const Join* join, RestrictInfo* info, BatchKey* key) {
    pg::PushableQual qual = {};
    const bool is_join_clause =
        !IS_OUTER_JOIN(join->type) || !RINFO_IS_PUSHED_DOWN(info, join->rel->relids);
    if (!is_join_clause || !IsA(info->clause, OpExpr) ||
        !match_clause(join->root, join->inner, info, &qual) || qual.op != QualOp::kEq) {
        return false;
    }
    const pg::ColumnInfo* column = &state_of(join->inner)->table->columns[qual.attnum - 1];
    auto* clause = reinterpret_cast<OpExpr*>(info->clause);
    const bool is_outer_left = linitial(clause->args) == qual.value;
    const Relids outer_relids = is_outer_left ? info->left_relids : info->right_relids;
    if (column->batch == 0 || !(column->exact | column->superset).has(QualOp::kIn) ||
        bms_is_empty(outer_relids) || !bms_is_subset(outer_relids, join->outer->relids)) {
        return false;
    }
    key->clause = clause;
    key->outer = qual.value;
    key->inner = static_cast<Expr*>(is_outer_left ? lsecond(clause->args) : linitial(clause->args));
    key->attnum = qual.attnum;
    key->size = column->batch;
    return is_outer_left ? get_op_hash_functions(clause->opno, &key->outer_hash, &key->inner_hash)
                         : get_op_hash_functions(clause->opno, &key->inner_hash, &key->outer_hash);
}

/// Looks for the condition that gives the keys. False: the join cannot be made in batches.
bool find_key(const Join* join, BatchKey* key) {
    const RelState* state = state_of(join->inner);
    bool is_found = false;
    ListCell* cell = nullptr;
    foreach (cell, join->extra->restrictlist) {
        auto* info = lfirst_node(RestrictInfo, cell);
        if (info->pseudoconstant) {
            return false; // would need a gating node above
        }
        BatchKey candidate = *key;
        if (!is_found && match_key(join, info, &candidate)) {
            Bitmapset* keyed = bms_add_member(bms_copy(state->keyed), candidate.attnum - 1);
            is_found = !lacks_keys(state->table, keyed);
            *key = is_found ? candidate : *key;
        }
    }
    return is_found;
}

Plan* plan_key_batch(PlannerInfo*, RelOptInfo* rel, CustomPath* path, List* tlist, List*,
                     List* plans) noexcept;
const CustomPathMethods kPathMethods = {kName, plan_key_batch, nullptr};
const CustomScanMethods kScanMethods = {kName, create_key_batch_state};

void add_key_batch_path(const Join* join, BatchKey* key) {
    const Path* outer = join->outer->cheapest_total_path;
    const pg::TableInfo* table = state_of(join->inner)->table;
    const double limit = join->root->limit_tuples;
    key->first = limit > 0 && limit < key->size ? static_cast<int>(Max(limit, 1)) : key->size;
    // Rows that come back: those that join, whatever becomes of them above.
    const double selectivity =
        clauselist_selectivity(join->root, list_make1(key->clause), 0, JOIN_INNER, nullptr);
    const double fetched = clamp_row_est(outer->rows * join->inner->rows * selectivity);
    const double batches = Max(1, ceil(outer->rows / key->size));
    const Cost call = table->startup_ms * kCostPerMs;
    const Cost rows = fetched * cpu_tuple_cost * (1 + kTransferCostFactor);
    QualCost quals = {};
    cost_qual_eval(&quals, join->extra->restrictlist, join->root);

    const pg::PathCost inner_cost = {clamp_row_est(fetched / batches), call, call + rows / batches,
                                     false};
    auto* path = makeNode(CustomPath);
    path->path.pathtype = T_CustomScan;
    path->path.parent = join->rel;
    path->path.pathtarget = join->rel->reltarget;
    path->path.rows = join->rel->rows;
    path->path.startup_cost = outer->startup_cost + call + quals.startup;
    path->path.total_cost = outer->total_cost + quals.startup + batches * call + rows +
                            (outer->rows + fetched) * 2 * cpu_operator_cost +
                            fetched * quals.per_tuple + join->rel->rows * cpu_tuple_cost;
    path->flags = pg::projecting_node();
    ForeignPath* inner = pg::make_foreignscan_path(join->root, join->inner, inner_cost, nullptr);
    inner->path.parallel_safe = false;
    set_data(inner, {key->attnum, NIL, NIL, false});
    path->custom_paths = list_make2(const_cast<Path*>(outer), inner);
    path->custom_private = list_make1(key);
    path->methods = &kPathMethods;
    pg::set_custom_restrictions(path, join->extra->restrictlist);
    add_path(join->rel, &path->path);
}

void add_join_paths(PlannerInfo* root, RelOptInfo* rel, RelOptInfo* outer, RelOptInfo* inner,
                    JoinType type, JoinPathExtraData* extra) noexcept {
    if (previous_hook != nullptr) {
        previous_hook(root, rel, outer, inner, type, extra);
    }
    const Join join = {root, rel, outer, inner, type, extra};
    if (!is_supported(&join)) {
        return;
    }
    auto* key = static_cast<BatchKey*>(palloc0(sizeof(BatchKey)));
    key->type = type;
    key->restrictions = extra->restrictlist;
    if (find_key(&join, key)) {
        add_key_batch_path(&join, key);
    }
}

/// Both sides' columns, one after the other: what the node's expressions are computed from.
List* joined_tlist(const Plan* outer, const Plan* inner) {
    List* tlist = NIL;
    for (const Plan* side : {outer, inner}) {
        ListCell* cell = nullptr;
        foreach (cell, side->targetlist) {
            auto* expr = static_cast<Expr*>(copyObjectImpl(lfirst_node(TargetEntry, cell)->expr));
            const auto number = static_cast<AttrNumber>(list_length(tlist) + 1);
            tlist = lappend(tlist, makeTargetEntry(expr, number, nullptr, false));
        }
    }
    return tlist;
}

// NOLINTNEXTLINE(readability-function-size): the server says what the parameters are
Plan* plan_key_batch(PlannerInfo*, RelOptInfo* rel, CustomPath* path, List* tlist, List*,
                     List* plans) noexcept {
    const auto* key = static_cast<BatchKey*>(linitial(path->custom_private));
    const auto* outer = static_cast<Plan*>(linitial(plans));
    if (!IsA(lsecond(plans), ForeignScan)) {
        pg::raise(ERRCODE_INTERNAL_ERROR, "inner side of a key batch join is no foreign scan",
                  nullptr, "Set penstock.enable_key_batch_join to off.");
    }
    List* join_clauses = NIL;
    List* other_clauses = NIL;
    if (IS_OUTER_JOIN(key->type)) {
        extract_actual_join_clauses(key->restrictions, rel->relids, &join_clauses, &other_clauses);
    } else {
        join_clauses = extract_actual_clauses(key->restrictions, false);
    }
    auto* plan = makeNode(CustomScan);
    plan->scan.plan.targetlist = tlist;
    plan->scan.plan.qual = other_clauses;
    plan->flags = path->flags;
    plan->custom_plans = plans;
    plan->custom_scan_tlist = joined_tlist(outer, static_cast<Plan*>(lsecond(plans)));
    plan->custom_exprs = list_concat(list_make2(key->outer, key->inner), join_clauses);
    List* numbers = list_make4_int(static_cast<int>(key->type), key->size, key->first,
                                   list_length(outer->targetlist));
    List* oids = list_make4_oid(key->outer_hash, key->inner_hash, key->clause->inputcollid,
                                exprType(reinterpret_cast<Node*>(key->outer)));
    plan->custom_private = list_make2(numbers, oids);
    plan->methods = &kScanMethods;
    return &plan->scan.plan;
}

} // namespace

void install_key_batch_join() {
    RegisterCustomScanMethods(&kScanMethods);
    previous_hook = set_join_pathlist_hook;
    set_join_pathlist_hook = add_join_paths;
}

} // namespace penstock::fdw
