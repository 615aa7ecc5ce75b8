#include "fdw/callbacks.hpp"
#include "fdw/costs.hpp"
#include "fdw/join.hpp"

#include "penstock/types/join.hpp"

#include <cstring>

#include "pg/compat.hpp"

/// Planning of joins in the plugin. A join is pushed when everything below it and every condition
/// of it is exact, so nothing is left for the server to check; else it is the server's own, with
/// two scans below.
namespace penstock::fdw {

bool is_join_pushdown = true;

namespace {

/// Cost units of a row that the plugin reads or joins. Chosen: as the SDK's own evaluation, a fifth
/// of what the executor needs for a row of its own.
constexpr double kJoinedRowCost = 0.002;

/// One pair of relations that may be joined.
struct Pair {
    PlannerInfo* root;
    RelOptInfo* rel;
    const JoinNode* left;
    const JoinNode* right;
    JoinKind kind;
    Relids visible; ///< of both
};

/// False: a kind of join that is not pushed as it is. Right joins come with their sides exchanged,
/// too, and unique sides are a plan of the server's own for a semi join.
bool kind_of(JoinType type, JoinKind* kind) {
    struct Entry {
        JoinType type;
        JoinKind kind;
    };
    static constexpr Entry kKinds[] = {{JOIN_INNER, JoinKind::kInner},
                                       {JOIN_LEFT, JoinKind::kLeft},
                                       {JOIN_FULL, JoinKind::kFull},
                                       {JOIN_SEMI, JoinKind::kSemi},
                                       {JOIN_ANTI, JoinKind::kAnti}};
    for (const Entry& entry : kKinds) {
        if (entry.type == type) {
            *kind = entry.kind;
            return true;
        }
    }
    return false;
}

/// May plans of this query have joins that only the plugin has seen? A row that is locked, or
/// looked up again after a concurrent update, needs the rows that it was joined of. Conditions of
/// different security levels have an order that only the server knows.
bool may_push(const PlannerInfo* root) {
    const CmdType command = root->parse->commandType;
    return is_join_pushdown && (command == CMD_SELECT || command == CMD_INSERT) &&
           root->rowMarks == NIL && root->qual_security_level == 0;
}

/// A condition with a value, on the one table that it is about.
bool match_value(const Pair* pair, Index relid, const pg::TableInfo* table, Expr* clause,
                 JoinTerm* term) {
    pg::PushableQual qual = {};
    if (!pg::match_qual(pair->root, relid, table, clause, &qual) ||
        !table->columns[qual.attnum - 1].joined.has(qual.op)) {
        return false;
    }
    *term = {relid, qual.attnum, qual.op, qual.value, 0, 0};
    return true;
}

const JoinNode* find_table(const JoinNode* node, Index relid) {
    if (node->relid != 0) {
        return node->relid == relid ? node : nullptr;
    }
    const JoinNode* found = find_table(node->left, relid);
    return found != nullptr ? found : find_table(node->right, relid);
}

const pg::TableInfo* table_of(const Pair* pair, Index relid) {
    if (!bms_is_member(static_cast<int>(relid), pair->visible)) {
        return nullptr;
    }
    const JoinNode* found = find_table(pair->left, relid);
    found = found != nullptr ? found : find_table(pair->right, relid);
    return found->table;
}

const pg::ColumnInfo* find_operand(const Pair* pair, Expr* expr, Index* relid) {
    while (expr != nullptr && IsA(expr, RelabelType)) {
        expr = reinterpret_cast<RelabelType*>(expr)->arg;
    }
    if (expr == nullptr || !IsA(expr, Var)) {
        return nullptr;
    }
    *relid = static_cast<Index>(reinterpret_cast<Var*>(expr)->varno);
    const pg::TableInfo* table = table_of(pair, *relid);
    return table == nullptr ? nullptr : pg::find_column(*relid, table, expr);
}

bool match_columns(const Pair* pair, Expr* clause, JoinTerm* term) {
    if (!IsA(clause, OpExpr) || list_length(reinterpret_cast<OpExpr*>(clause)->args) != 2) {
        return false;
    }
    const auto* comparison = reinterpret_cast<OpExpr*>(clause);
    Index left_relid = 0;
    Index right_relid = 0;
    const pg::ColumnInfo* left =
        find_operand(pair, static_cast<Expr*>(linitial(comparison->args)), &left_relid);
    const pg::ColumnInfo* right =
        find_operand(pair, static_cast<Expr*>(lsecond(comparison->args)), &right_relid);
    QualOp op = QualOp::kEq;
    if (left == nullptr || right == nullptr ||
        !pg::match_column_comparison(comparison, left, right, &op) || !left->joined.has(op) ||
        !right->joined.has(commuted(op))) {
        return false;
    }
    *term = {left_relid, left->attnum, op, nullptr, right_relid, right->attnum};
    return true;
}

bool match_term(const Pair* pair, Expr* clause, JoinTerm* term) {
    if (match_columns(pair, clause, term)) {
        return true;
    }
    int relid = 0;
    if (!bms_get_singleton_member(pull_varnos(pair->root, reinterpret_cast<Node*>(clause)),
                                  &relid)) {
        return false;
    }
    const pg::TableInfo* table = table_of(pair, static_cast<Index>(relid));
    return table != nullptr && match_value(pair, static_cast<Index>(relid), table, clause, term);
}

JoinTerm* keep(const JoinTerm& term) {
    auto* kept = static_cast<JoinTerm*>(palloc(sizeof(JoinTerm)));
    *kept = term;
    return kept;
}

/// The table of a base relation as a node; null: not all of its conditions are the plugin's.
const JoinNode* make_leaf(PlannerInfo* root, RelOptInfo* rel) {
    if (rel->reloptkind != RELOPT_BASEREL || rel->fdw_private == nullptr ||
        planner_rt_fetch(rel->relid, root)->inh || !bms_is_empty(rel->lateral_relids)) {
        return nullptr;
    }
    const RelState* state = state_of(rel);
    if (state->table->joins.empty() || lacks_keys(state->table, state->keyed)) {
        return nullptr;
    }
    auto* leaf = static_cast<JoinNode*>(palloc0(sizeof(JoinNode)));
    leaf->table = state->table;
    leaf->relid = rel->relid;
    leaf->visible = rel->relids;
    leaf->table_count = 1;
    leaf->rows = rel->rows;
    leaf->startup = state->table->startup_ms * kCostPerMs;
    leaf->work =
        (bms_is_empty(state->keyed) ? Max(rel->tuples, rel->rows) : rel->rows) * kJoinedRowCost;
    const Pair alone = {root, rel, leaf, leaf, JoinKind::kInner, rel->relids};
    ListCell* cell = nullptr;
    foreach (cell, rel->baserestrictinfo) {
        auto* info = lfirst_node(RestrictInfo, cell);
        JoinTerm term = {};
        if (info->pseudoconstant ||
            !match_value(&alone, rel->relid, state->table, info->clause, &term)) {
            return nullptr;
        }
        leaf->terms = lappend(leaf->terms, keep(term));
    }
    return leaf;
}

const JoinNode* node_of(PlannerInfo* root, RelOptInfo* rel) {
    return rel->reloptkind == RELOPT_JOINREL ? static_cast<JoinNode*>(rel->fdw_private)
                                             : make_leaf(root, rel);
}

/// The conditions of the join: on its partners, or for an outer join on its result.
bool match_clauses(const Pair* pair, List* clauses, JoinNode* made) {
    const bool is_outer = pair->kind != JoinKind::kInner && pair->kind != JoinKind::kSemi;
    ListCell* cell = nullptr;
    foreach (cell, clauses) {
        auto* info = lfirst_node(RestrictInfo, cell);
        JoinTerm term = {};
        if (info->pseudoconstant || !match_term(pair, info->clause, &term)) {
            return false;
        }
        if (is_outer && RINFO_IS_PUSHED_DOWN(info, pair->rel->relids)) {
            const bool is_visible =
                bms_is_member(static_cast<int>(term.relid), made->visible) &&
                (term.other_relid == 0 ||
                 bms_is_member(static_cast<int>(term.other_relid), made->visible));
            if (!is_visible) {
                return false;
            }
            made->filter = lappend(made->filter, keep(term));
        } else {
            made->terms = lappend(made->terms, keep(term));
        }
    }
    return true;
}

/// What is used above the join must be columns that the plugin delivers as they are: no whole rows,
/// no system columns, no expressions that an outer join below may set to NULL.
bool are_columns(const Pair* pair, const JoinNode* made) {
    ListCell* cell = nullptr;
    foreach (cell, pair->rel->reltarget->exprs) {
        auto* expr = static_cast<Expr*>(lfirst(cell));
        if (!IsA(expr, Var)) {
            return false;
        }
        const auto relid = static_cast<Index>(reinterpret_cast<Var*>(expr)->varno);
        if (!bms_is_member(static_cast<int>(relid), made->visible) ||
            pg::find_column(relid, table_of(pair, relid), expr) == nullptr) {
            return false;
        }
    }
    return true;
}

bool has_equality(const List* terms) {
    ListCell* cell = nullptr;
    foreach (cell, terms) {
        const auto* term = static_cast<const JoinTerm*>(lfirst(cell));
        if (term->other_relid != 0 && term->op == QualOp::kEq) {
            return true;
        }
    }
    return false;
}

/// Do all tables of the node?
bool take_part(const JoinNode* node, JoinKind kind) {
    return node->relid != 0 ? node->table->joins.has(kind)
                            : take_part(node->left, kind) && take_part(node->right, kind);
}

/// Null: the plugin cannot do this join.
JoinNode* make_step(const Pair* pair, List* clauses) {
    const JoinNode* left = pair->left;
    const JoinNode* right = pair->right;
    auto* made = static_cast<JoinNode*>(palloc0(sizeof(JoinNode)));
    made->table = left->table;
    made->kind = pair->kind;
    made->left = left;
    made->right = right;
    const bool hides_right = pair->kind == JoinKind::kSemi || pair->kind == JoinKind::kAnti;
    made->visible = hides_right ? left->visible : pair->visible;
    made->table_count = left->table_count + right->table_count;
    if (made->table_count > static_cast<int>(kMaxJoinSources) || !take_part(left, pair->kind) ||
        !take_part(right, pair->kind) ||
        std::strcmp(left->table->connection, right->table->connection) != 0 ||
        !match_clauses(pair, clauses, made) || !are_columns(pair, made)) {
        return nullptr;
    }
    made->columns = list_copy(pair->rel->reltarget->exprs);
    made->rows = pair->rel->rows;
    made->startup = Max(left->startup, right->startup);
    const double looked_at =
        has_equality(made->terms) ? left->rows + right->rows : left->rows * right->rows;
    made->work = left->work + right->work + looked_at * kJoinedRowCost;
    return made;
}

void add_join_path(const Pair* pair, const JoinNode* made) {
    const PathTarget* target = pair->rel->reltarget;
    pg::PathCost cost = {};
    cost.rows = pair->rel->rows;
    cost.startup = made->startup + target->cost.startup;
    cost.total = cost.startup + made->work +
                 cost.rows * (cpu_tuple_cost * (1 + kTransferCostFactor) + target->cost.per_tuple);
    ForeignPath* path = pg::make_join_path(pair->root, pair->rel, cost);
    path->path.parallel_safe = false; // the leader alone: the source may differ from scan to scan
    add_path(pair->rel, &path->path);
}

} // namespace
} // namespace penstock::fdw

using namespace penstock;
using namespace penstock::fdw;

// NOLINTNEXTLINE(readability-function-size): the server says what the parameters are
void penstock_get_foreign_join_paths(PlannerInfo* root, RelOptInfo* rel, RelOptInfo* outer,
                                     RelOptInfo* inner, JoinType type,
                                     JoinPathExtraData* extra) noexcept {
    Pair pair = {root, rel, nullptr, nullptr, JoinKind::kInner, nullptr};
    // Once is enough: whatever pair of its parts it is made of, the rows are the same.
    if (rel->fdw_private != nullptr || rel->reloptkind != RELOPT_JOINREL || !may_push(root) ||
        !bms_is_empty(rel->lateral_relids) || !kind_of(type, &pair.kind)) {
        return;
    }
    pair.left = node_of(root, outer);
    pair.right = pair.left == nullptr ? nullptr : node_of(root, inner);
    if (pair.right == nullptr) {
        return;
    }
    pair.visible = bms_union(pair.left->visible, pair.right->visible);
    JoinNode* made = make_step(&pair, extra->restrictlist);
    if (made != nullptr) {
        rel->fdw_private = made;
        add_join_path(&pair, made);
    }
}
