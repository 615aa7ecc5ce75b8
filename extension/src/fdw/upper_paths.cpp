#include "fdw/callbacks.hpp"
#include "fdw/costs.hpp"
#include "fdw/grouping.hpp"
#include "fdw/top_path.hpp"

#include "pg/compat.hpp"

/// Planning of the steps above a scan: grouping and DISTINCT, and the first rows of an order. LIMIT
/// (limit.hpp) stays in the server and only tells the plugin where to stop.
namespace penstock::fdw {
namespace {

/// What a group takes beside its values.
constexpr double kGroupOverheadBytes = 64;

bool has_set_step(const Query* query) {
    return query->groupingSets != NIL || query->hasTargetSRFs;
}

/// Null: not a step that is pushed.
GroupingStep* grouping_step(PlannerInfo* root, RelOptInfo* output,
                            const GroupPathExtraData* extra) {
    if (has_set_step(root->parse) || extra->patype == PARTITIONWISE_AGGREGATE_PARTIAL) {
        return nullptr;
    }
    auto* step = static_cast<GroupingStep*>(palloc0(sizeof(GroupingStep)));
    step->target = output->reltarget;
    step->clauses = root->parse->groupClause;
    step->having = reinterpret_cast<List*>(extra->havingQual);
    return step;
}

GroupingStep* distinct_step(PlannerInfo* root) {
    const Query* query = root->parse;
    if (has_set_step(query) || query->hasDistinctOn || query->hasAggs || query->hasWindowFuncs ||
        query->groupClause != NIL || query->havingQual != nullptr) {
        return nullptr;
    }
    auto* step = static_cast<GroupingStep*>(palloc0(sizeof(GroupingStep)));
    step->target = root->upper_targets[UPPERREL_DISTINCT];
    step->clauses = query->distinctClause;
    return step;
}

List* key_exprs(const Grouping* grouping) {
    List* exprs = NIL;
    for (int index = 0; index < list_length(grouping->keys); ++index) {
        exprs = lappend(exprs, list_nth_node(TargetEntry, grouping->tlist, index)->expr);
    }
    return exprs;
}

/// False: there may be too many groups.
bool estimate(PlannerInfo* root, RelOptInfo* input, const GroupingStep* step,
              const Grouping* grouping, pg::PathCost* cost) {
    double groups = 1;
    if (grouping->keys != NIL) {
        groups = estimate_num_groups(root, key_exprs(grouping), input->rows, nullptr, nullptr);
    }
    const double bytes = groups * (step->target->width + kGroupOverheadBytes);
    const double steps = 1 + list_length(grouping->keys) + list_length(grouping->calls);
    cost->rows = clamp_row_est(groups);
    cost->startup =
        grouping->table->startup_ms * kCostPerMs +
        Max(input->tuples, input->rows) * steps * cpu_operator_cost * kEvaluationCostFactor +
        step->target->cost.startup;
    cost->total = cost->startup + cost->rows * (cpu_tuple_cost + step->target->cost.per_tuple);
    return bytes <= kMaxKeptBytes;
}

void add_grouped_path(PlannerInfo* root, UpperRelationKind stage, RelOptInfo* input,
                      RelOptInfo* output, void* extra) {
    if (!is_aggregate_pushdown || output->fdw_private != nullptr ||
        !is_evaluated_scan(root, input)) {
        return;
    }
    GroupingStep* step = stage == UPPERREL_GROUP_AGG
                             ? grouping_step(root, output, static_cast<GroupPathExtraData*>(extra))
                             : distinct_step(root);
    Grouping* grouping = step == nullptr ? nullptr : plan_grouping(root, input, step);
    if (grouping == nullptr || !estimate(root, input, step, grouping, &grouping->cost)) {
        return;
    }
    output->fdw_private = grouping;
    grouping->target = step->target;
    ForeignPath* path = pg::make_upper_path(root, output, step->target, grouping->cost);
    path->path.parallel_safe = false; // so that an Append may ask its arms at the same time
    add_path(output, reinterpret_cast<Path*>(path));
}

} // namespace
} // namespace penstock::fdw

using namespace penstock;
using namespace penstock::fdw;

void penstock_get_foreign_upper_paths(PlannerInfo* root, UpperRelationKind stage, RelOptInfo* input,
                                      RelOptInfo* output, void* extra) noexcept {
    switch (stage) {
    case UPPERREL_GROUP_AGG:
    case UPPERREL_DISTINCT:
        add_grouped_path(root, stage, input, output, extra);
        break;
    case UPPERREL_ORDERED:
        output->fdw_private = input; // of whose rows the first ones may be wanted
        break;
    case UPPERREL_FINAL:
        add_top_path(root, input, output, static_cast<FinalPathExtraData*>(extra));
        break;
    default:
        break;
    }
}
