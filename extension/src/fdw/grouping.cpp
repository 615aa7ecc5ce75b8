#include "fdw/grouping.hpp"

#include "penstock/types/evaluator.hpp"

#include "fdw/limit.hpp"
#include "fdw/plan_data.hpp"
#include "fdw/sort_paths.hpp"
#include "pg/aggregates.hpp"
#include "pg/ordering.hpp"

namespace penstock::fdw {

bool is_aggregate_pushdown = true;

namespace {

/// A grouping that is being planned.
struct Planning {
    PlannerInfo* root;
    RelOptInfo* input;
    const GroupingStep* step;
    Grouping* made;
    int clause_count; ///< keys that were found in the target
};

/// Every condition below the grouping is exact: what is left to the server to check would come
/// after the rows were counted. A pseudoconstant one needs a plan node between the two.
bool push_quals(Planning* planning) {
    ListCell* cell = nullptr;
    foreach (cell, planning->input->baserestrictinfo) {
        auto* info = lfirst_node(RestrictInfo, cell);
        pg::PushableQual qual = {};
        if (info->pseudoconstant || !match_clause(planning->root, planning->input, info, &qual) ||
            !qual.is_exact) {
            return false;
        }
        planning->made->quals =
            lappend(planning->made->quals, plan_qual(&qual, &planning->made->exprs));
    }
    return true;
}

/// FILTER: the SDK decides it, so what only the plugin knows does not help.
bool push_filter(Planning* planning, const Aggref* aggregate, List** filter) {
    ListCell* cell = nullptr;
    foreach (cell, make_ands_implicit(aggregate->aggfilter)) {
        pg::PushableQual qual = {};
        const pg::TableInfo* table = planning->made->table;
        if (!pg::match_qual(planning->root, planning->input->relid, table,
                            static_cast<Expr*>(lfirst(cell)), &qual) ||
            !can_evaluate(table->columns[qual.attnum - 1].type, qual.op)) {
            return false;
        }
        qual.is_exact = true;
        *filter = lappend(*filter, plan_qual(&qual, &planning->made->exprs));
    }
    return true;
}

/// Appends a call and returns its position among the calls.
int append_call(Grouping* made, AggregateFunction function, AttrNumber attnum, List* filter) {
    List* call = list_make2(list_make2_int(static_cast<int>(function), attnum), filter);
    made->calls = lappend(made->calls, call);
    return list_length(made->calls) - 1;
}

bool push_aggregate(Planning* planning, const Aggref* aggregate) {
    Grouping* made = planning->made;
    pg::PushableAggregate match = {};
    List* filter = NIL;
    if (!pg::match_aggregate(planning->input->relid, made->table, aggregate, &match) ||
        !push_filter(planning, aggregate, &filter)) {
        return false;
    }
    // Positions among the calls; the keys, which come first, are not all known yet.
    const int value = append_call(made, match.function, match.attnum, filter);
    const int count =
        match.is_quotient ? append_call(made, AggregateFunction::kCount, match.attnum, filter) : -1;
    made->outputs = lappend(made->outputs, list_make2_int(value, count));
    return true;
}

/// An entry of the scan's rows, once.
bool push_entry(Planning* planning, Expr* expr) {
    Grouping* made = planning->made;
    if (tlist_member(expr, made->tlist) != nullptr) {
        return true;
    }
    if (!IsA(expr, Aggref) || !push_aggregate(planning, reinterpret_cast<Aggref*>(expr))) {
        return false; // also: a column that is not a key
    }
    made->tlist = add_to_flat_tlist(made->tlist, list_make1(expr));
    return true;
}

/// What an expression over groups is computed of; the server computes it.
bool push_parts(Planning* planning, Node* expr) {
    ListCell* cell = nullptr;
    foreach (cell, pull_var_clause(expr, PVC_INCLUDE_AGGREGATES | PVC_INCLUDE_WINDOWFUNCS |
                                             PVC_INCLUDE_PLACEHOLDERS)) {
        if (!push_entry(planning, static_cast<Expr*>(lfirst(cell)))) {
            return false;
        }
    }
    return true;
}

SortGroupClause* key_clause(const GroupingStep* step, int index) {
    const Index reference = get_pathtarget_sortgroupref(step->target, index);
    return reference == 0 ? nullptr : get_sortgroupref_clause_noerr(reference, step->clauses);
}

bool push_key(Planning* planning, Expr* expr, const SortGroupClause* clause) {
    Grouping* made = planning->made;
    const pg::ColumnInfo* column =
        pg::match_group_key(planning->input->relid, made->table, expr, clause);
    if (column == nullptr) {
        return false;
    }
    ++planning->clause_count;
    if (tlist_member(expr, made->tlist) == nullptr) {
        made->tlist = add_to_flat_tlist(made->tlist, list_make1(expr));
        made->outputs = lappend(made->outputs, list_make2_int(list_length(made->keys), -1));
        made->keys = lappend_int(made->keys, column->attnum);
    }
    return true;
}

/// The keys first: what is not an aggregate must be one of them.
bool push_keys(Planning* planning) {
    const GroupingStep* step = planning->step;
    ListCell* cell = nullptr;
    foreach (cell, step->target->exprs) {
        const SortGroupClause* clause = key_clause(step, foreach_current_index(cell));
        if (clause != nullptr && !push_key(planning, static_cast<Expr*>(lfirst(cell)), clause)) {
            return false;
        }
    }
    return planning->clause_count >= list_length(step->clauses);
}

bool push_others(Planning* planning) {
    const GroupingStep* step = planning->step;
    ListCell* cell = nullptr;
    foreach (cell, step->target->exprs) {
        if (key_clause(step, foreach_current_index(cell)) == nullptr &&
            !push_parts(planning, static_cast<Node*>(lfirst(cell)))) {
            return false;
        }
    }
    return push_parts(planning, reinterpret_cast<Node*>(step->having));
}

/// Positions of calls become positions in the answer: behind the keys.
void place_calls(Grouping* made) {
    const int key_count = list_length(made->keys);
    ListCell* cell = nullptr;
    foreach (cell, made->outputs) {
        auto* output = static_cast<List*>(lfirst(cell));
        if (foreach_current_index(cell) < key_count) {
            continue;
        }
        ListCell* position = nullptr;
        foreach (position, output) {
            lfirst_int(position) += lfirst_int(position) < 0 ? 0 : key_count;
        }
    }
}

} // namespace

Grouping* plan_grouping(PlannerInfo* root, RelOptInfo* input, const GroupingStep* step) {
    auto* made = static_cast<Grouping*>(palloc0(sizeof(Grouping)));
    made->table = state_of(input)->table;
    made->having = step->having;
    Planning planning = {root, input, step, made, 0};
    if (lacks_keys(made->table, state_of(input)->keyed) || !push_quals(&planning) ||
        !push_keys(&planning) || !push_others(&planning) || made->tlist == NIL) {
        return nullptr;
    }
    place_calls(made);
    return made;
}

namespace {

/// Where the value of the class is in the answer; -1: not there, or not to be compared there.
int order_position(const Grouping* made, const PathKey* key) {
    ListCell* cell = nullptr;
    foreach (cell, made->tlist) {
        auto* entry = lfirst_node(TargetEntry, cell);
        const auto* output =
            static_cast<const List*>(list_nth(made->outputs, foreach_current_index(cell)));
        const Oid type = exprType(reinterpret_cast<Node*>(entry->expr));
        const TypeInfo* info = find_type_by_oid(type);
        if (info != nullptr && can_sort(info->id) && pg::is_plugin_order(key, type, info->id) &&
            list_nth_int(output, kOutputCount) < 0 && pg::has_member(key->pk_eclass, entry->expr)) {
            return list_nth_int(output, kOutputValue);
        }
    }
    return -1;
}

} // namespace

List* match_group_order(const Grouping* made, List* pathkeys) {
    List* sort = NIL;
    ListCell* cell = nullptr;
    foreach (cell, pathkeys) {
        const auto* key = lfirst_node(PathKey, cell);
        const int position = order_position(made, key);
        if (position < 0) {
            return NIL;
        }
        sort = lappend(sort, plan_sort_key(position, pg::is_descending(key), key->pk_nulls_first));
    }
    return sort;
}

ForeignScan* make_grouped_plan(PlannerInfo* root, RelOptInfo* rel, const ForeignPath* path,
                               List* tlist, Plan* outer_plan) {
    const auto* made = static_cast<Grouping*>(rel->fdw_private);
    const PathData* data = data_of(path);
    List* exprs = list_copy(made->exprs);
    List* limit = data->is_top ? plan_limit(root, &exprs) : NIL;
    List* items = list_make5(made->keys, made->quals, list_make1_int(0), limit, data->sort);
    items = lappend(items, list_make1_int(static_cast<int>(data->is_top)));
    items = lappend(items, list_make2(made->calls, made->outputs));
    return make_foreignscan(tlist, made->having, 0, exprs, items, made->tlist, NIL, outer_plan);
}

} // namespace penstock::fdw
