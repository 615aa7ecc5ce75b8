#include "fdw/sort_paths.hpp"

#include "fdw/costs.hpp"
#include "pg/ordering.hpp"

namespace penstock::fdw {

bool is_sort_pushdown = true;

namespace {

/// Only one value of it is in the rows, or an earlier key orders by it already.
bool is_redundant(List* pathkeys, PathKey* key) {
    ListCell* cell = nullptr;
    foreach (cell, pathkeys) {
        if (lfirst_node(PathKey, cell)->pk_eclass == key->pk_eclass) {
            return true;
        }
    }
    return EC_MUST_BE_REDUNDANT(key->pk_eclass);
}

List* append_sort_key(List* sort, const pg::SortColumn* column) {
    return lappend(sort,
                   plan_sort_key(column->attnum, column->is_descending, column->is_nulls_first));
}

/// Can the plugin sort by all of `pathkeys`? Fills in the order.
bool match_order(RelOptInfo* rel, List* pathkeys, RowOrder* order) {
    const pg::TableInfo* table = state_of(rel)->table;
    *order = {pathkeys, NIL};
    ListCell* cell = nullptr;
    foreach (cell, pathkeys) {
        pg::SortColumn column = {};
        if (!pg::match_pathkey(rel, table, lfirst_node(PathKey, cell), &column) ||
            !table->columns[column.attnum - 1].is_sortable) {
            return false;
        }
        order->sort = append_sort_key(order->sort, &column);
    }
    return pathkeys != NIL;
}

/// Sorting reads all rows before it gives the first one.
void add_sorted_path(PlannerInfo* root, RelOptInfo* rel, const pg::PathCost& plain,
                     const RowOrder* order) {
    const double rows = Max(plain.rows, 2);
    pg::PathCost cost = plain;
    const Cost sorting = rows * log2(rows) * 2 * cpu_operator_cost * kEvaluationCostFactor +
                         Max(rel->tuples, rows) * cpu_operator_cost * kEvaluationCostFactor;
    cost.startup += sorting;
    cost.total += sorting;
    ForeignPath* path = pg::make_foreignscan_path(root, rel, cost, rel->lateral_relids);
    path->path.pathkeys = order->pathkeys;
    path->path.parallel_safe = false;
    set_data(path, {0, NIL, order->sort, false});
    add_path(rel, reinterpret_cast<Path*>(path));
}

void add_merge_path(PlannerInfo* root, RelOptInfo* rel, const pg::PathCost& plain,
                    EquivalenceClass* eclass) {
    pg::SortColumn column = {};
    const pg::TableInfo* table = state_of(rel)->table;
    PathKey* key = pg::make_merge_pathkey(root, rel, table, eclass, &column);
    RowOrder order = {};
    if (key != nullptr && match_order(rel, list_make1(key), &order)) {
        add_sorted_path(root, rel, plain, &order);
    }
}

} // namespace

RowOrder natural_order(PlannerInfo* root, RelOptInfo* rel) {
    const pg::TableInfo* table = state_of(rel)->table;
    List* pathkeys = NIL;
    List* ends = NIL; // how many columns of the order each pathkey and those before it take
    for (int index = 0; is_sort_pushdown && index < table->ordered_count; ++index) {
        PathKey* key = pg::make_column_pathkey(root, rel, table, &table->ordered_by[index]);
        if (key == nullptr) {
            break;
        }
        if (!is_redundant(pathkeys, key)) {
            pathkeys = lappend(pathkeys, key);
            ends = lappend_int(ends, index + 1);
        }
    }
    RowOrder order = {truncate_useless_pathkeys(root, rel, pathkeys), NIL};
    if (order.pathkeys != NIL) {
        const int count = list_nth_int(ends, list_length(order.pathkeys) - 1);
        for (int index = 0; index < count; ++index) {
            order.sort = append_sort_key(order.sort, &table->ordered_by[index]);
        }
    }
    return order;
}

void add_sorted_paths(PlannerInfo* root, RelOptInfo* rel, const pg::PathCost& plain) {
    const pg::TableInfo* table = state_of(rel)->table;
    bool is_sortable = false;
    for (int index = 0; index < table->column_count; ++index) {
        is_sortable = is_sortable || table->columns[index].is_sortable;
    }
    if (!is_sort_pushdown || !is_sortable || !are_quals_exact(root, rel)) {
        return;
    }
    RowOrder order = {};
    if (match_order(rel, root->query_pathkeys, &order)) {
        add_sorted_path(root, rel, plain, &order);
    }
    ListCell* cell = nullptr;
    foreach (cell, root->eq_classes) {
        auto* eclass = static_cast<EquivalenceClass*>(lfirst(cell));
        if (rel->has_eclass_joins && eclass_useful_for_merging(root, eclass, rel)) {
            add_merge_path(root, rel, plain, eclass);
        }
    }
    foreach (cell, rel->joininfo) {
        auto* clause = lfirst_node(RestrictInfo, cell);
        if (clause->mergeopfamilies != NIL) {
            update_mergeclause_eclasses(root, clause);
            const bool is_right = bms_overlap(rel->relids, clause->right_ec->ec_relids);
            add_merge_path(root, rel, plain, is_right ? clause->right_ec : clause->left_ec);
        }
    }
}

bool are_quals_exact(PlannerInfo* root, RelOptInfo* rel) {
    ListCell* cell = nullptr;
    foreach (cell, rel->baserestrictinfo) {
        auto* info = lfirst_node(RestrictInfo, cell);
        pg::PushableQual qual = {};
        if (info->pseudoconstant || !match_clause(root, rel, info, &qual) || !qual.is_exact) {
            return false;
        }
    }
    return true;
}

} // namespace penstock::fdw
