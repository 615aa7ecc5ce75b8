#include "fdw/foreign_stream.hpp"

#include "fdw/callbacks.hpp"
#include "fdw/eager.hpp"
#include "fdw/grouped_answer.hpp"
#include "fdw/join_scan.hpp"
#include "fdw/order_check.hpp"
#include "fdw/plan_data.hpp"
#include "fdw/scan_record.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/conversion.hpp"

/// Execution of one foreign scan: the stream is opened at the first row or before, read a block at
/// a time, and closed at the end, on a rescan, or by the memory context when the query fails.
namespace penstock::fdw {
namespace {

static_assert(sizeof(Datum) == sizeof(std::uint64_t), "blocks hold 64-bit datums");

/// Gets on with the stream. False: it would have to wait and must not.
bool fill(ForeignStream* state) {
    if (state->order != nullptr) {
        keep_last_row(state->order);
    }
    if (state->stage != Stage::kReceiving) {
        if (state->may_wait) {
            open_stream(state);
        } else if (!advance_stream(state)) {
            state->is_waiting = true;
            return false;
        }
    }
    (void)receive_some(state, state->may_wait);
    return !state->is_waiting;
}

/// The next row, into the slot or into the answer that a group is made of.
core::ScanSession::Event next_row(ForeignStream* state, TupleTableSlot* slot) {
    return state->answer != nullptr
               ? state->session->next_row(state->answer->values, state->answer->nulls)
               : state->session->next_row(slot->tts_values, slot->tts_isnull);
}

/// Makes the row of the scan of what next_row() gave.
TupleTableSlot* store_row(ForeignScanState* node, TupleTableSlot* slot) {
    ForeignStream* state = state_of(node);
    if (state->answer != nullptr) {
        store_group(state->answer, plan_of(node), slot);
        return slot;
    }
    if (state->order != nullptr) {
        check_order(state->order, state->table, slot);
    }
    if (state->converter != nullptr) {
        pg::convert_row(state->converter, slot->tts_values, slot->tts_isnull);
    }
    return ExecStoreVirtualTuple(slot);
}

/// Makes the request unless it was made. False: there is nothing to read.
bool begin_reading(ForeignScanState* node) {
    ForeignStream* state = state_of(node);
    if (state->stage == Stage::kIdle) {
        if (state->parts != nullptr && !take_part(state)) {
            return false;
        }
        prepare_stream(node);
    }
    state->was_read = true;
    return state->stage != Stage::kEmpty;
}

/// False: the rows that were read were the last.
bool begin_next_part(ForeignScanState* node) {
    ForeignStream* state = state_of(node);
    if (state->parts == nullptr) {
        return false;
    }
    close_stream(state);
    return begin_reading(node);
}

/// What is scanned, and how its rows become those of the scan.
void init_table(ForeignScanState* node, ForeignStream* state) {
    const ForeignScan* plan = plan_of(node);
    state->table = pg::read_table(pg::scanned_table(node));
    state->columns = make_columns(state->table, columns_of(plan), is_grouped(plan));
    state->column_count = list_length(columns_of(plan));
    if (is_grouped(plan)) {
        state->answer = make_grouped_answer(state->table, plan, state->column_count);
    } else {
        state->converter =
            pg::make_row_converter(node->ss.ss_currentRelation, state->table, columns_of(plan));
    }
}

/// The rows of a join are the scan's as they come.
void init_join(ForeignScanState* node, ForeignStream* state) {
    state->join = make_join_scan(node, NIL);
    state->table = state->join->tables[0];
    state->columns = state->join->labels;
    state->column_count = state->join->column_count;
}

} // namespace
} // namespace penstock::fdw

using namespace penstock;
using namespace penstock::fdw;

void penstock_begin_foreign_scan(ForeignScanState* node, int eflags) noexcept {
    if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0) {
        return;
    }
    pg::check_encoding();
    EState* estate = node->ss.ps.state;
    auto* state = static_cast<ForeignStream*>(palloc0(sizeof(ForeignStream)));
    const ForeignScan* plan = plan_of(node);
    if (is_join(plan)) {
        init_join(node, state);
    } else {
        init_table(node, state);
    }
    state->order = make_order_check(state->table, plan);
    state->expressions = ExecInitExprList(plan_of(node)->fdw_exprs, &node->ss.ps);
    state->request_context =
        AllocSetContextCreate(estate->es_query_cxt, "Penstock scan request", ALLOCSET_SMALL_SIZES);
    state->session = pg::make_owned<core::ScanSession>(estate->es_query_cxt);
    state->socket = pg::make_owned<pg::Socket>(estate->es_query_cxt);
    state->timer = pg::make_owned<pg::Socket>(estate->es_query_cxt);
    state->may_wait = true;
    state->first_row_ms = -1;
    node->fdw_state = state;
    // Columns that are not fetched stay NULL for good: next_row() never touches them.
    TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
    memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
    memset(slot->tts_values, 0, sizeof(Datum) * slot->tts_tupleDescriptor->natts);
    start_eagerly(node, eflags);
}

TupleTableSlot* penstock_iterate_foreign_scan(ForeignScanState* node) noexcept {
    using Event = core::ScanSession::Event;
    ForeignStream* state = state_of(node);
    TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    state->is_waiting = false;
    if (!begin_reading(node)) {
        return slot;
    }
    for (;;) {
        switch (next_row(state, slot)) {
        case Event::kRow:
            return store_row(node, slot);
        case Event::kNeedBytes:
            if (!fill(state)) {
                return slot;
            }
            break;
        case Event::kEnd:
            if (state->parts != nullptr && state->socket->is_open()) {
                end_part(state);
            }
            finish_stream(state);
            if (!begin_next_part(node)) {
                return slot;
            }
            break;
        case Event::kError:
            raise_session_error(state);
        }
    }
}

/// In EvalPlanQual a step above a scan is not rechecked but run again, row by row.
bool penstock_recheck_foreign_scan(ForeignScanState* node, TupleTableSlot* slot) noexcept {
    if (plan_of(node)->scan.scanrelid > 0) {
        return true;
    }
    (void)penstock_iterate_foreign_scan(node); // fills the scan's slot, which is this one
    return !TupIsNull(slot);
}

void penstock_rescan_foreign_scan(ForeignScanState* node) noexcept {
    ForeignStream* state = state_of(node);
    if (state == nullptr || state->stage == Stage::kIdle) {
        return;
    }
    if (state->order != nullptr) {
        restart_order(state->order);
    }
    if (node->ss.ps.chgParam == nullptr && !state->is_batch_new && state->parts == nullptr &&
        (!state->was_read || state->stage == Stage::kEmpty || state->session->can_rewind())) {
        state->session->rewind();
        return;
    }
    // The next row opens a new stream with the new values.
    close_stream(state);
}

void penstock_end_foreign_scan(ForeignScanState* node) noexcept {
    if (state_of(node) != nullptr) {
        record_end(state_of(node));
        close_stream(state_of(node));
    }
}
