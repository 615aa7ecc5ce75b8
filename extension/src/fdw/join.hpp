#pragma once

#include "fdw/plan_data.hpp"
#include "fdw/rel_state.hpp"

/// Joins that a plugin does: tables of one connection, all of whose conditions it answers exactly.
namespace penstock::fdw {

/// Setting penstock.join_pushdown.
extern bool is_join_pushdown;

/// `column op value` or `column op other`. Planner memory.
struct JoinTerm {
    Index relid;
    AttrNumber attnum;
    QualOp op;
    Expr* value;       ///< null: a NULL test, or a comparison with `other`
    Index other_relid; ///< 0: no other column
    AttrNumber other_attnum;
};

/// A table, or a join of two nodes: RelOptInfo.fdw_private of a join that can be pushed. Planner
/// memory; lists are of JoinTerm.
struct JoinNode {
    const pg::TableInfo* table; ///< of a table; of a join that of its first table
    Index relid;                ///< of a table; 0: a join
    JoinKind kind;
    const JoinNode* left;
    const JoinNode* right;
    List* terms;    ///< of a table: its own conditions; of a join: ON
    List* filter;   ///< of a join: WHERE
    Relids visible; ///< tables whose columns can be seen
    int table_count;
    List* columns; ///< of a join: Vars, what it delivers. The relation's target becomes another one
    double rows;
    Cost startup;
    Cost work; ///< in the plugin
};

/// The plan of a relation whose fdw_private is a join's JoinNode.
ForeignScan* make_join_plan(PlannerInfo* root, const ForeignPath* path, List* tlist,
                            Plan* outer_plan);

// What the plan says of it, in kPlanJoin.

/// Positions in kPlanJoin.
enum JoinItem {
    kJoinSources, ///< list of lists, each indexed by SourceItem
    kJoinSteps,   ///< list of lists, each indexed by StepItem
    kJoinColumns, ///< list of integer lists: source, attribute number
};

/// Positions in each of kJoinSources.
enum SourceItem {
    kSourceRank,  ///< integer list of one: which of the scan's base relations it is, in their order
    kSourceQuals, ///< as kPlanQuals
};

/// Positions in each of kJoinSteps.
enum StepItem {
    kStepNodes,      ///< integer list: JoinKind, left node, right node
    kStepConditions, ///< list of integer lists, each indexed by ConditionItem
    kStepFilter,     ///< the same
};

/// Positions in each condition of a step.
enum ConditionItem {
    kConditionSource,
    kConditionAttnum,
    kConditionOp,
    kConditionExpr,  ///< as kQualExpr
    kConditionOther, ///< source; -1: no other column
    kConditionOtherAttnum,
};

inline List* join_of(const ForeignScan* plan) {
    return static_cast<List*>(list_nth(plan->fdw_private, kPlanJoin));
}
inline List* join_list(const ForeignScan* plan, JoinItem item) {
    return static_cast<List*>(list_nth(join_of(plan), item));
}
inline List* sublist(const void* cell, int item) {
    return static_cast<List*>(list_nth(static_cast<const List*>(cell), item));
}

struct PlannedStep {
    JoinKind kind;
    int left;
    int right;
    List* conditions;
    List* filter;
};
inline PlannedStep read_step(const void* cell) {
    const List* nodes = sublist(cell, kStepNodes);
    return {static_cast<JoinKind>(linitial_int(nodes)), lsecond_int(nodes), lthird_int(nodes),
            sublist(cell, kStepConditions), sublist(cell, kStepFilter)};
}

struct PlannedCondition {
    int source;
    PlannedQual qual;
    int other_source; ///< -1: no other column
    AttrNumber other_attnum;
};
inline PlannedCondition read_condition(const void* cell) {
    const auto* list = static_cast<const List*>(cell);
    const PlannedQual qual = {static_cast<AttrNumber>(list_nth_int(list, kConditionAttnum)),
                              static_cast<QualOp>(list_nth_int(list, kConditionOp)), true,
                              list_nth_int(list, kConditionExpr)};
    return {list_nth_int(list, kConditionSource), qual, list_nth_int(list, kConditionOther),
            static_cast<AttrNumber>(list_nth_int(list, kConditionOtherAttnum))};
}

} // namespace penstock::fdw
