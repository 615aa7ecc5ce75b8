#include "fdw/callbacks.hpp"
#include "fdw/costs.hpp"
#include "fdw/rel_state.hpp"
#include "fdw/sort_paths.hpp"
#include "pg/table_statistics.hpp"

/// Planning: sizes and paths. Never talks to a plugin: everything it needs to know stands in
/// the options of the foreign table and its columns.
namespace penstock::fdw {
namespace {

/// Cost of a path that must not be taken; the plan made of it is an error. Far above the 1.0e10 of
/// a join that is switched off (enable_nestloop): that one can still give the key.
constexpr double kForbiddenCost = 1.0e18;
/// Cost of a path that a worker may run, against that of the same path for the leader only. More
/// than the 1 percent by which the planner calls two costs equal.
constexpr double kWorkerPathFactor = 1.02;
/// How many ways to combine outer relations are tried at most. Chosen: more keys than any table
/// has.
constexpr int kMaxCombinations = 64;

/// Adds the columns that `clauses` (of RestrictInfo) give a key for to `keyed`.
Bitmapset* add_keys(PlannerInfo* root, RelOptInfo* rel, List* clauses, Bitmapset* keyed) {
    ListCell* cell = nullptr;
    foreach (cell, clauses) {
        auto* info = lfirst_node(RestrictInfo, cell);
        pg::PushableQual qual = {};
        if (match_clause(root, rel, info, &qual) && is_key(state_of(rel)->table, &qual)) {
            keyed = bms_add_member(keyed, qual.attnum - 1);
        }
    }
    return keyed;
}

/// How much of the work one process does. As the server's own get_parallel_divisor().
double parallel_divisor(int workers) {
    const double leader = 1.0 - 0.3 * workers;
    return workers + (parallel_leader_participation && leader > 0 ? leader : 0);
}

/// Paths for parallel workers beside the plain one.
///
/// The plain one is for the leader alone: the server runs the arms of an Append asynchronously only
/// if no worker could run them. A second one that a worker may run as a whole costs a little more,
/// so that it is only taken where it is needed. The third is read in parts.
void add_parallel_paths(PlannerInfo* root, RelOptInfo* rel, const pg::PathCost& cost,
                        ForeignPath* plain) {
    pg::PathCost whole = cost;
    whole.total = cost.total * kWorkerPathFactor;
    ForeignPath* safe = pg::make_foreignscan_path(root, rel, whole, nullptr);
    safe->path.pathkeys = plain->path.pathkeys;
    safe->fdw_private = plain->fdw_private;
    plain->path.parallel_safe = false;
    add_path(rel, reinterpret_cast<Path*>(safe));
    const double pages = ceil(rel->tuples * Max(rel->reltarget->width, 8) / BLCKSZ);
    const int workers =
        Min(compute_parallel_worker(rel, pages, -1, max_parallel_workers_per_gather),
            state_of(rel)->table->parts - 1);
    if (workers <= 0 || !bms_is_empty(rel->lateral_relids)) {
        return;
    }
    const double divisor = parallel_divisor(workers);
    pg::PathCost partial = cost;
    partial.rows = clamp_row_est(cost.rows / divisor);
    partial.total = cost.startup + (cost.total - cost.startup) / divisor;
    // Each worker reads several parts, so even of an ordered table the rows come in no order.
    auto* path = reinterpret_cast<Path*>(pg::make_foreignscan_path(root, rel, partial, nullptr));
    path->parallel_aware = true;
    path->parallel_workers = workers;
    add_partial_path(rel, path);
}

pg::PathCost scan_cost(RelOptInfo* rel, double rows, bool is_keyed, bool is_forbidden) {
    const pg::TableInfo* table = state_of(rel)->table;
    const double fetched = is_keyed ? rows : Max(rel->tuples, rows);
    const Cost startup = table->startup_ms * kCostPerMs + rel->baserestrictcost.startup +
                         (is_forbidden ? kForbiddenCost : 0);
    const Cost total = startup + fetched * (cpu_tuple_cost * (1 + kTransferCostFactor) +
                                            rel->baserestrictcost.per_tuple);
    return {rows, startup, total, is_forbidden};
}

/// The path without parameters, in the order that the rows have anyway, and those that come of it.
void add_plain_paths(PlannerInfo* root, RelOptInfo* rel, bool is_keyed, bool is_forbidden) {
    const pg::PathCost cost = scan_cost(rel, rel->rows, is_keyed, is_forbidden);
    ForeignPath* path = pg::make_foreignscan_path(root, rel, cost, rel->lateral_relids);
    const RowOrder order = natural_order(root, rel);
    if (order.pathkeys != NIL) {
        path->path.pathkeys = order.pathkeys;
        set_data(path, {0, NIL, order.sort, false});
    }
    add_path(rel, reinterpret_cast<Path*>(path));
    if (is_forbidden) {
        return;
    }
    if (rel->consider_parallel && path->path.param_info == nullptr) {
        add_parallel_paths(root, rel, cost, path);
    }
    add_sorted_paths(root, rel, cost);
}

/// Conditions that hold whenever those of the path hold, and give a key that those do not: of
/// columns that equal each other and an outer one, the server compares only one with the outer.
List* implied_keys(PlannerInfo* root, RelOptInfo* rel, List* clauses, Relids outer,
                   Bitmapset** keyed) {
    List* implied = NIL;
    ListCell* cell = nullptr;
    foreach (cell, clauses) {
        auto* info = lfirst_node(RestrictInfo, cell);
        pg::PushableQual qual = {};
        if (bms_is_subset(info->clause_relids, bms_union(outer, rel->relids)) &&
            match_clause(root, rel, info, &qual) && is_key(state_of(rel)->table, &qual) &&
            !bms_is_member(qual.attnum - 1, *keyed)) {
            *keyed = bms_add_member(*keyed, qual.attnum - 1);
            implied = lappend(implied, info);
        }
    }
    return implied;
}

/// Rows of a table without ANALYZE: as somebody has written into its definition; else as many as a
/// scan of all of it had; else a guess.
double rows_of_table(const pg::TableInfo* table) {
    if (table->rows > 0) {
        return Max(table->rows, 1);
    }
    const int64 observed = pg::observed_rows(table->relation);
    return observed == pg::kNotObserved ? pg::default_rows() : Max(observed, 1);
}

/// Which column the search for join clauses is at.
struct KeySearch {
    AttrNumber attnum;
};

bool is_searched_column(PlannerInfo*, RelOptInfo* rel, EquivalenceClass*, EquivalenceMember* member,
                        void* argument) {
    const auto* search = static_cast<KeySearch*>(argument);
    Expr* expr = member->em_expr;
    while (expr != nullptr && IsA(expr, RelabelType)) {
        expr = reinterpret_cast<RelabelType*>(expr)->arg;
    }
    return expr != nullptr && IsA(expr, Var) &&
           static_cast<Index>(reinterpret_cast<Var*>(expr)->varno) == rel->relid &&
           reinterpret_cast<Var*>(expr)->varattno == search->attnum;
}

List* add_relids(List* sets, Relids added) {
    ListCell* cell = nullptr;
    foreach (cell, sets) {
        if (bms_equal(static_cast<Relids>(lfirst(cell)), added)) {
            return sets;
        }
    }
    return lappend(sets, added);
}

/// The outer relations that make `clause` usable inside the scan, appended to `sets` once.
List* add_outer(PlannerInfo* root, RelOptInfo* rel, List* sets, RestrictInfo* clause) {
    pg::PushableQual qual = {};
    if (!join_clause_is_movable_to(clause, rel) || !match_clause(root, rel, clause, &qual) ||
        !is_key(state_of(rel)->table, &qual) ||
        state_of(rel)->table->columns[qual.attnum - 1].key == KeyKind::kNone) {
        return sets;
    }
    Relids outer = bms_union(clause->clause_relids, rel->lateral_relids);
    outer = bms_del_member(outer, static_cast<int>(rel->relid));
    return bms_is_empty(outer) ? sets : add_relids(sets, outer);
}

/// All sets of relations whose rows give one of the table's key columns its value; `implied` become
/// the equalities that do.
List* find_outers(PlannerInfo* root, RelOptInfo* rel, List** implied) {
    const pg::TableInfo* table = state_of(rel)->table;
    List* sets = NIL;
    ListCell* cell = nullptr;
    foreach (cell, rel->joininfo) {
        sets = add_outer(root, rel, sets, lfirst_node(RestrictInfo, cell));
    }
    for (int index = 0; rel->has_eclass_joins && index < table->column_count; ++index) {
        if (table->columns[index].attnum == 0 || table->columns[index].key == KeyKind::kNone) {
            continue;
        }
        KeySearch search = {table->columns[index].attnum};
        List* clauses = generate_implied_equalities_for_column(root, rel, is_searched_column,
                                                               &search, rel->lateral_referencers);
        *implied = list_concat(*implied, clauses);
        foreach (cell, clauses) {
            sets = add_outer(root, rel, sets, lfirst_node(RestrictInfo, cell));
        }
    }
    return sets;
}

/// A path for each set of outer relations that gives all the keys. One that gives only some is
/// joined with the others: the keys of one table may come from several.
void add_parameterised_paths(PlannerInfo* root, RelOptInfo* rel) {
    List* implied = NIL;
    List* sets = find_outers(root, rel, &implied);
    // The list grows while it is walked.
    for (int index = 0; index < list_length(sets); ++index) {
        auto* outer = static_cast<Relids>(list_nth(sets, index));
        ParamPathInfo* info = get_baserel_parampathinfo(root, rel, outer);
        Bitmapset* keyed = add_keys(root, rel, info->ppi_clauses, bms_copy(state_of(rel)->keyed));
        List* keys = implied_keys(root, rel, implied, info->ppi_req_outer, &keyed);
        if (!lacks_keys(state_of(rel)->table, keyed)) {
            const pg::PathCost cost = scan_cost(rel, info->ppi_rows, true, false);
            ForeignPath* path = pg::make_foreignscan_path(root, rel, cost, info->ppi_req_outer);
            set_data(path, {0, keys, NIL, false});
            add_path(rel, reinterpret_cast<Path*>(path));
            continue;
        }
        for (int other = 0; other < index && list_length(sets) < kMaxCombinations; ++other) {
            sets = add_relids(sets, bms_union(outer, static_cast<Relids>(list_nth(sets, other))));
        }
    }
}

} // namespace
} // namespace penstock::fdw

using namespace penstock;
using namespace penstock::fdw;

void penstock_get_foreign_rel_size(PlannerInfo* root, RelOptInfo* rel, Oid relation) noexcept {
    const pg::TableInfo* table = read_rel_table(rel, relation);
    state_of(rel)->keyed = add_keys(root, rel, rel->baserestrictinfo, nullptr);
    if (rel->tuples <= 0) { // else ANALYZE has counted
        rel->tuples = rows_of_table(table);
    }
    set_baserel_size_estimates(root, rel);
}

void penstock_get_foreign_paths(PlannerInfo* root, RelOptInfo* rel, Oid) noexcept {
    RelState* state = state_of(rel);
    const bool lacks = lacks_keys(state->table, state->keyed);
    add_parameterised_paths(root, rel);
    // Without its key the scan only stands in for joins that cannot be planned otherwise, or that
    // turn out to need no rows of it; should the planner have to take it, making the plan is the
    // error, or starting the scan.
    add_plain_paths(root, rel, !bms_is_empty(state->keyed), lacks);
}

/// A table that no worker may read keeps the whole query from being parallel. Whether it may, the
/// plugin says: its source must give every reader the same rows.
bool penstock_is_foreign_scan_parallel_safe(PlannerInfo*, RelOptInfo* rel,
                                            RangeTblEntry* entry) noexcept {
    return read_rel_table(rel, entry->relid)->parts > 0;
}
