#include "fdw/eager.hpp"

#include "fdw/foreign_stream.hpp"

#include "fdw/plan_data.hpp"
#include "fdw/rel_state.hpp"
#include "pg/boundary.hpp"

namespace penstock::fdw {

bool is_eager_start = true;

namespace {

/// Streams of one backend that were started before their time. Chosen: more sides than a join of a
/// human has; far below the 256 scans that a plugin serves.
constexpr int kMaxEager = 16;

int eager_count = 0;

/// Holds one of kMaxEager until the query is over. Owned by the query's memory context.
struct EagerSlot {
    EagerSlot() noexcept { ++eager_count; }
    ~EagerSlot() { --eager_count; }
    EagerSlot(const EagerSlot&) = delete;
    EagerSlot& operator=(const EagerSlot&) = delete;
};

/// Their evaluation cannot fail, and needs nothing that another node computes.
bool is_known_at_start(const List* exprs) {
    ListCell* cell = nullptr;
    foreach (cell, exprs) {
        const Node* expr = static_cast<Node*>(lfirst(cell));
        const bool is_parameter =
            IsA(expr, Param) && reinterpret_cast<const Param*>(expr)->paramkind == PARAM_EXTERN;
        if (!is_parameter && !IsA(expr, Const)) {
            return false;
        }
    }
    return true;
}

/// Subplans are initialised before the main plan, one by one.
bool is_in_subplan(const EState* estate) {
    return list_length(estate->es_subplanstates) < list_length(estate->es_plannedstmt->subplans);
}

bool may_start(ForeignScanState* node, int eflags) {
    const EState* estate = node->ss.ps.state;
    const ForeignScan* plan = plan_of(node);
    return is_eager_start && (eflags & EXEC_FLAG_WITH_NO_DATA) == 0 &&
           !plan->scan.plan.async_capable && !plan->scan.plan.parallel_aware &&
           row_target_of(plan) == 0 && estate->es_epq_active == nullptr && !IsParallelWorker() &&
           !estate->es_plannedstmt->parallelModeNeeded && !is_in_subplan(estate) &&
           bms_is_empty(plan->scan.plan.extParam) && is_known_at_start(plan->fdw_exprs) &&
           !is_batched(plan) && eager_count < kMaxEager &&
           (is_join(plan) || // it may never be read
            !lacks_keys(state_of(node)->table, planned_keys(plan)));
}

} // namespace

void start_eagerly(ForeignScanState* node, int eflags) {
    if (!may_start(node, eflags)) {
        return;
    }
    (void)pg::make_owned<EagerSlot>(node->ss.ps.state->es_query_cxt);
    prepare_stream(node);
    if (state_of(node)->stage == Stage::kConnecting) {
        (void)advance_stream(state_of(node));
    }
}

} // namespace penstock::fdw
