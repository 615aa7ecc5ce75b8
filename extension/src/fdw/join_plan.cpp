#include "fdw/join.hpp"
#include "fdw/limit.hpp"

/// The plan of a join: its tree as lists, with sources and nodes by number.
namespace penstock::fdw {
namespace {

/// A plan that is being made of a tree.
struct Flattening {
    Relids bases;  ///< tables of the scan
    List* relids;  ///< integer list: of the sources, in their order
    List* sources; ///< kJoinSources
    List* steps;   ///< kJoinSteps
    List* exprs;   ///< fdw_exprs
    int source_count;
};

int rank_of(const Relids bases, Index relid) {
    int rank = 0;
    for (int member = bms_next_member(bases, -1); member != static_cast<int>(relid);
         member = bms_next_member(bases, member)) {
        ++rank;
    }
    return rank;
}

int source_of(const Flattening* made, Index relid) {
    ListCell* cell = nullptr;
    foreach (cell, made->relids) {
        if (static_cast<Index>(lfirst_int(cell)) == relid) {
            return foreach_current_index(cell);
        }
    }
    return -1;
}

Relids tables_of(const JoinNode* node) {
    return node->relid != 0 ? bms_make_singleton(static_cast<int>(node->relid))
                            : bms_union(tables_of(node->left), tables_of(node->right));
}

/// Position of the value in fdw_exprs.
int append_value(Flattening* made, const JoinTerm* term) {
    if (term->value == nullptr) {
        return kNoExpr;
    }
    made->exprs = lappend(made->exprs, term->value);
    return list_length(made->exprs) - 1;
}

List* plan_quals(Flattening* made, const List* terms) {
    List* quals = NIL;
    ListCell* cell = nullptr;
    foreach (cell, terms) {
        const auto* term = static_cast<const JoinTerm*>(lfirst(cell));
        const int expr = append_value(made, term);
        quals = lappend(quals, list_make4_int(term->attnum, static_cast<int>(term->op), 1, expr));
    }
    return quals;
}

List* plan_conditions(Flattening* made, const List* terms) {
    List* conditions = NIL;
    ListCell* cell = nullptr;
    foreach (cell, terms) {
        const auto* term = static_cast<const JoinTerm*>(lfirst(cell));
        const int expr = append_value(made, term);
        List* condition = list_make4_int(source_of(made, term->relid), term->attnum,
                                         static_cast<int>(term->op), expr);
        const int other = term->other_relid == 0 ? -1 : source_of(made, term->other_relid);
        condition = lappend_int(condition, other);
        conditions = lappend(conditions, lappend_int(condition, term->other_attnum));
    }
    return conditions;
}

/// Left before right, parts before the whole. Returns the number of the node.
int flatten(Flattening* made, const JoinNode* node) {
    if (node->relid != 0) {
        made->relids = lappend_int(made->relids, static_cast<int>(node->relid));
        List* rank = list_make1_int(rank_of(made->bases, node->relid));
        made->sources = lappend(made->sources, list_make2(rank, plan_quals(made, node->terms)));
        return list_length(made->sources) - 1;
    }
    const int left = flatten(made, node->left);
    const int right = flatten(made, node->right);
    List* nodes = list_make3_int(static_cast<int>(node->kind), left, right);
    List* conditions = plan_conditions(made, node->terms);
    made->steps =
        lappend(made->steps, list_make3(nodes, conditions, plan_conditions(made, node->filter)));
    return made->source_count + list_length(made->steps) - 1;
}

List* plan_columns(const Flattening* made, const List* tlist) {
    List* columns = NIL;
    ListCell* cell = nullptr;
    foreach (cell, tlist) {
        const auto* var = castNode(Var, lfirst_node(TargetEntry, cell)->expr);
        columns = lappend(columns, list_make2_int(source_of(made, static_cast<Index>(var->varno)),
                                                  var->varattno));
    }
    return columns;
}

} // namespace

ForeignScan* make_join_plan(PlannerInfo* root, const ForeignPath* path, List* tlist,
                            Plan* outer_plan) {
    const auto* node = static_cast<JoinNode*>(path->path.parent->fdw_private);
    Flattening made = {tables_of(node), NIL, NIL, NIL, NIL, node->table_count};
    (void)flatten(&made, node);
    List* columns = add_to_flat_tlist(NIL, node->columns);
    List* join = list_make3(made.sources, made.steps, plan_columns(&made, columns));
    List* target = list_make1_int(row_target(root, path));
    const bool is_limited = node->table->evaluator > 0 && is_limit_over_scan(root, path);
    List* limit = is_limited ? plan_limit(root, &made.exprs) : NIL;
    List* items = list_make5(NIL, NIL, target, limit, NIL);
    items = lappend(items, list_make1_int(0)); // not the first rows of an order
    items = lappend(lappend(items, NIL), join);
    return make_foreignscan(tlist, NIL, 0, made.exprs, items, columns, NIL, outer_plan);
}

} // namespace penstock::fdw
