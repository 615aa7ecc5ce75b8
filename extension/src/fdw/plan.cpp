#include "fdw/callbacks.hpp"
#include "fdw/plan_data.hpp"
#include "pg/boundary.hpp"
#include "pg/quals.hpp"

/// Planning: sizes, paths, the plan. Never talks to a plugin: everything it needs to know stands in
/// the options of the foreign table and its columns.
namespace penstock::fdw {
namespace {

/// Cost units of a millisecond before the first row. Chosen: a cached heap page of 100 rows costs
/// about 2 units and 10 µs.
constexpr double kCostPerMs = 100;
/// Cost units of a row's way through the socket, on top of cpu_tuple_cost. Measured: a row in a
/// block costs 1.7 times a cached heap row.
constexpr double kTransferCostFactor = 0.7;
/// Cost of a path that must not be taken; the plan made of it is an error.
constexpr double kForbiddenCost = 1.0e10;

/// Planning state of one foreign table, in RelOptInfo.fdw_private.
struct RelState {
    pg::TableInfo* table;
    Bitmapset* keyed; ///< columns (0-based) with = or IN among the base conditions
};

RelState* state_of(RelOptInfo* rel) {
    return static_cast<RelState*>(rel->fdw_private);
}

bool is_key_op(QualOp op) {
    return op == QualOp::kEq || op == QualOp::kIn;
}

/// Can this condition go to the plugin? One that leaks must not be evaluated, nor its value be
/// shown, before a security barrier below it was passed.
bool match_clause(PlannerInfo* root, RelOptInfo* rel, RestrictInfo* clause,
                  pg::PushableQual* qual) {
    return restriction_is_securely_promotable(clause, rel) &&
           pg::match_qual(root, rel->relid, state_of(rel)->table, clause->clause, qual);
}

/// Adds the columns that `clauses` (of RestrictInfo) give a key for to `keyed`.
Bitmapset* add_keys(PlannerInfo* root, RelOptInfo* rel, List* clauses, Bitmapset* keyed) {
    ListCell* cell = nullptr;
    foreach (cell, clauses) {
        auto* info = lfirst_node(RestrictInfo, cell);
        pg::PushableQual qual = {};
        if (match_clause(root, rel, info, &qual) && is_key_op(qual.op)) {
            keyed = bms_add_member(keyed, qual.attnum - 1);
        }
    }
    return keyed;
}

void raise_missing_key(const pg::TableInfo* table, const char* needed) {
    auto* error = pg::make_owned<Error>(CurrentMemoryContext);
    const char* first = strchr(needed, '"') + 1;
    const char* column =
        quote_identifier(pnstrdup(first, static_cast<Size>(strchr(first, '"') - first)));
    const char* schema = quote_identifier(table->connection);
    const char* name = quote_identifier(table->table);
    if (pg::guarded(*error, [&] {
            throw Exception(
                ErrorKind::kKeyMissing,
                std::string("table \"") + table->table + "\" needs a condition on " + needed,
                "The plugin cannot list all rows: it looks up those that are asked for.",
                std::string("Add a condition with = or IN, for example: SELECT … FROM ") + schema +
                    "." + name + " WHERE " + column + " = '…'.");
        })) {
        return;
    }
    pg::raise(*error);
}

/// Raises when the plan to be made has no key that the plugin needs.
void check_keys(const pg::TableInfo* table, const Bitmapset* keyed) {
    StringInfoData needed;
    initStringInfo(&needed);
    if (pg::misses_key(table, keyed, &needed)) {
        raise_missing_key(table, needed.data);
    }
}

bool lacks_keys(const pg::TableInfo* table, const Bitmapset* keyed) {
    StringInfoData needed;
    initStringInfo(&needed);
    return pg::misses_key(table, keyed, &needed);
}

void add_scan_path(PlannerInfo* root, RelOptInfo* rel, double rows, bool is_keyed, Relids outer,
                   bool is_forbidden) {
    const pg::TableInfo* table = state_of(rel)->table;
    const double fetched = is_keyed ? rows : Max(rel->tuples, rows);
    const Cost startup = table->startup_ms * kCostPerMs + rel->baserestrictcost.startup +
                         (is_forbidden ? kForbiddenCost : 0);
    const Cost total = startup + fetched * (cpu_tuple_cost * (1 + kTransferCostFactor) +
                                            rel->baserestrictcost.per_tuple);
    add_path(rel, reinterpret_cast<Path*>(
                      pg::make_foreignscan_path(root, rel, rows, startup, total, outer)));
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

/// The ParamPathInfo that makes `clause` usable inside the scan, appended to `infos` once.
List* add_param_info(PlannerInfo* root, RelOptInfo* rel, List* infos, RestrictInfo* clause) {
    pg::PushableQual qual = {};
    if (!join_clause_is_movable_to(clause, rel) || !match_clause(root, rel, clause, &qual) ||
        !is_key_op(qual.op)) {
        return infos;
    }
    Relids outer = bms_union(clause->clause_relids, rel->lateral_relids);
    outer = bms_del_member(outer, static_cast<int>(rel->relid));
    if (bms_is_empty(outer)) {
        return infos;
    }
    return list_append_unique_ptr(infos, get_baserel_parampathinfo(root, rel, outer));
}

/// All ways in which joins can give the table's key columns their values.
List* find_param_infos(PlannerInfo* root, RelOptInfo* rel) {
    const pg::TableInfo* table = state_of(rel)->table;
    List* infos = NIL;
    ListCell* cell = nullptr;
    foreach (cell, rel->joininfo) {
        auto* clause = lfirst_node(RestrictInfo, cell);
        pg::PushableQual qual = {};
        if (match_clause(root, rel, clause, &qual) &&
            table->columns[qual.attnum - 1].key != KeyKind::kNone) {
            infos = add_param_info(root, rel, infos, clause);
        }
    }
    for (int index = 0; rel->has_eclass_joins && index < table->column_count; ++index) {
        if (table->columns[index].attnum == 0 || table->columns[index].key == KeyKind::kNone) {
            continue;
        }
        KeySearch search = {table->columns[index].attnum};
        List* clauses = generate_implied_equalities_for_column(root, rel, is_searched_column,
                                                               &search, rel->lateral_referencers);
        foreach (cell, clauses) {
            infos = add_param_info(root, rel, infos, lfirst_node(RestrictInfo, cell));
        }
    }
    return infos;
}

void add_parameterised_paths(PlannerInfo* root, RelOptInfo* rel) {
    ListCell* cell = nullptr;
    foreach (cell, find_param_infos(root, rel)) {
        auto* info = static_cast<ParamPathInfo*>(lfirst(cell));
        Bitmapset* keyed = add_keys(root, rel, info->ppi_clauses, bms_copy(state_of(rel)->keyed));
        if (!lacks_keys(state_of(rel)->table, keyed)) {
            add_scan_path(root, rel, info->ppi_rows, true, info->ppi_req_outer, false);
        }
    }
}

/// How the plan's conditions were divided.
struct DividedQuals {
    List* local;   ///< checked by the server: superset and none
    List* recheck; ///< exact ones, for EvalPlanQual
    List* planned; ///< kPlanQuals
    List* exprs;   ///< fdw_exprs
    Bitmapset* keyed;
};

void push_qual(const pg::PushableQual* qual, DividedQuals* divided) {
    int expr = -1;
    if (qual->value != nullptr) {
        expr = list_length(divided->exprs);
        divided->exprs = lappend(divided->exprs, qual->value);
    }
    List* planned = list_make4_int(qual->attnum, static_cast<int>(qual->op),
                                   static_cast<int>(qual->is_exact), expr);
    divided->planned = lappend(divided->planned, planned);
    if (is_key_op(qual->op)) {
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
            push_qual(&qual, &divided);
        }
        if (is_pushed && qual.is_exact) {
            divided.recheck = lappend(divided.recheck, info->clause);
        } else {
            divided.local = lappend(divided.local, info->clause);
        }
    }
    return divided;
}

/// Attribute numbers that the scan must deliver: what is used above it and by the local conditions.
List* needed_columns(RelOptInfo* rel, List* local_quals) {
    const pg::TableInfo* table = state_of(rel)->table;
    Bitmapset* used = nullptr;
    pull_varattnos(reinterpret_cast<Node*>(rel->reltarget->exprs), rel->relid, &used);
    pull_varattnos(reinterpret_cast<Node*>(local_quals), rel->relid, &used);
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

/// Rows that the query is likely to read; only when nothing between scan and LIMIT can need more:
/// limit_tuples is unset for grouping, DISTINCT and the like, but not for ORDER BY.
int row_target(PlannerInfo* root, const DividedQuals* divided) {
    const bool is_alone =
        bms_membership(root->all_baserels) == BMS_SINGLETON && root->parse->sortClause == NIL;
    const bool is_limited = root->limit_tuples > 0 && root->limit_tuples < 1.0e9;
    return is_alone && is_limited && divided->local == NIL ? static_cast<int>(root->limit_tuples)
                                                           : 0;
}

} // namespace
} // namespace penstock::fdw

using namespace penstock;
using namespace penstock::fdw;

void penstock_get_foreign_rel_size(PlannerInfo* root, RelOptInfo* rel, Oid relation) noexcept {
    auto* state = static_cast<RelState*>(palloc0(sizeof(RelState)));
    state->table = pg::read_table(relation);
    rel->fdw_private = state;
    state->keyed = add_keys(root, rel, rel->baserestrictinfo, nullptr);
    rel->tuples = Max(state->table->rows, 1);
    set_baserel_size_estimates(root, rel);
}

void penstock_get_foreign_paths(PlannerInfo* root, RelOptInfo* rel, Oid) noexcept {
    RelState* state = state_of(rel);
    const bool lacks = lacks_keys(state->table, state->keyed);
    add_parameterised_paths(root, rel);
    if (lacks && rel->pathlist == NIL) {
        check_keys(state->table, state->keyed); // raises: no join can give the key either
    }
    // Without its key the scan only stands in for joins that cannot be planned otherwise; should
    // the planner have to take it, making the plan is the error.
    add_scan_path(root, rel, rel->rows, !bms_is_empty(state->keyed), rel->lateral_relids, lacks);
}

// NOLINTNEXTLINE(readability-function-size): the server says what the parameters are
ForeignScan* penstock_get_foreign_plan(PlannerInfo* root, RelOptInfo* rel, Oid, ForeignPath*,
                                       List* tlist, List* scan_clauses, Plan* outer_plan) noexcept {
    DividedQuals divided = divide_quals(root, rel, scan_clauses);
    check_keys(state_of(rel)->table, divided.keyed);
    List* items = list_make3(needed_columns(rel, divided.local), divided.planned,
                             list_make1_int(row_target(root, &divided)));
    return make_foreignscan(tlist, divided.local, rel->relid, divided.exprs, items, NIL,
                            divided.recheck, outer_plan);
}
