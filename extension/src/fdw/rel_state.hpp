#pragma once

#include "pg/quals.hpp"

/// Planning state of one foreign table, in RelOptInfo.fdw_private, and the questions that sizes,
/// paths and plans ask about it.
namespace penstock::fdw {

struct RelState {
    pg::TableInfo* table;
    Bitmapset* keyed; ///< columns (0-based) with = or IN among the base conditions
};

inline RelState* state_of(RelOptInfo* rel) {
    return static_cast<RelState*>(rel->fdw_private);
}

/// Is this a scan of one of our tables, over whose rows the SDK computes? A table with children is
/// an Append, of its own rows and theirs.
bool is_evaluated_scan(PlannerInfo* root, const RelOptInfo* rel);

/// Does the condition tell the plugin which rows to look up? One that only its SDK decides does
/// not.
inline bool is_key(const pg::TableInfo* table, const pg::PushableQual* qual) {
    return (qual->op == QualOp::kEq || qual->op == QualOp::kIn) &&
           table->columns[qual->attnum - 1].declared.has(qual->op);
}

/// What the catalogs say of the relation's table, read once for each planning. Makes its RelState.
const pg::TableInfo* read_rel_table(RelOptInfo* rel, Oid relation);

/// Can this condition go to the plugin? One that leaks must not be evaluated, nor its value be
/// shown, before a security barrier below it was passed.
bool match_clause(PlannerInfo* root, RelOptInfo* rel, RestrictInfo* clause, pg::PushableQual* qual);

/// Columns (0-based) that a plan has a key for.
Bitmapset* planned_keys(const ForeignScan* plan);

/// The condition as kPlanQuals has it; its value goes to the end of `exprs`.
List* plan_qual(const pg::PushableQual* qual, List** exprs);

/// Raises, with a hint that shows how to give it, when `keyed` misses a key that the plugin needs.
void check_keys(const pg::TableInfo* table, const Bitmapset* keyed);

/// May a scan of this planner run be planned and never started? Under a condition that does not
/// depend on rows, such as `false`, or in a subquery that is planned in two ways: then a missing
/// key is an error of the execution.
inline bool may_never_run(const PlannerInfo* root) {
    return root->hasPseudoConstantQuals || root->parent_root != nullptr;
}

/// The same as a question.
bool lacks_keys(const pg::TableInfo* table, const Bitmapset* keyed);

} // namespace penstock::fdw
