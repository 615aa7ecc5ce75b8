#include "fdw/foreign_stream.hpp"

#include "fdw/callbacks.hpp"

/// Asynchronous execution: an Append asks all its scans at once and takes rows from whichever has
/// some. One socket for each scan, so nothing is shared but the number of those that run.
namespace penstock::fdw {
namespace {

/// Streams of one Append at the same time; further ones start when one of these has ended. Chosen:
/// a quarter of the scans that a plugin serves at most, and a fifth of a backend's descriptors.
constexpr int kMaxRunning = 64;

/// The group that all scans of this Append share: it is kept in the first of them.
AsyncGroup* group_of(const AsyncRequest* request) {
    const auto* append = castNode(AppendState, request->requestor);
    for (int index = bms_next_member(append->as_asyncplans, -1); index >= 0;
         index = bms_next_member(append->as_asyncplans, index)) {
        auto* node = castNode(ForeignScanState, append->as_asyncrequests[index]->requestee);
        if (node->fdwroutine->ForeignAsyncRequest != penstock_foreign_async_request) {
            continue; // another wrapper's
        }
        ForeignStream* first = state_of(node);
        if (first->group == nullptr) {
            first->group = static_cast<AsyncGroup*>(
                MemoryContextAllocZero(node->ss.ps.state->es_query_cxt, sizeof(AsyncGroup)));
        }
        return first->group;
    }
    pg_unreachable(); // the request itself is one of them
}

/// Lets a queued stream go when there is room. False: not yet.
bool leave_queue(ForeignStream* state) {
    if (state->group->running >= kMaxRunning) {
        return false;
    }
    ++state->group->running;
    state->is_counted = true;
    state->stage = Stage::kConnecting;
    state->started_at = state->connecting_since = GetCurrentTimestamp();
    return true;
}

/// Answers with a row, with the end, or with a promise.
void produce(AsyncRequest* request) {
    auto* node = castNode(ForeignScanState, request->requestee);
    ForeignStream* state = state_of(node);
    if (state->stage == Stage::kQueued && !leave_queue(state)) {
        ExecAsyncRequestPending(request);
        return;
    }
    state->may_wait = false;
    // The real one: the caller counts the time already.
    TupleTableSlot* slot = node->ss.ps.ExecProcNodeReal(&node->ss.ps);
    state->may_wait = true;
    if (TupIsNull(slot) && state->is_waiting) {
        ExecAsyncRequestPending(request);
    } else {
        ExecAsyncRequestDone(request, slot);
    }
}

} // namespace
} // namespace penstock::fdw

using namespace penstock;
using namespace penstock::fdw;

bool penstock_is_foreign_path_async_capable(ForeignPath* path) noexcept {
    return path->path.param_info == nullptr;
}

void penstock_foreign_async_request(AsyncRequest* request) noexcept {
    auto* node = castNode(ForeignScanState, request->requestee);
    ForeignStream* state = state_of(node);
    if (state->group == nullptr) {
        state->group = group_of(request);
    }
    if (state->stage == Stage::kIdle) {
        prepare_stream(node);
        if (state->stage == Stage::kConnecting) {
            state->stage = Stage::kQueued;
        }
    }
    produce(request);
}

void penstock_foreign_async_configure_wait(AsyncRequest* request) noexcept {
    ForeignStream* state = state_of(castNode(ForeignScanState, request->requestee));
    if (state->stage == Stage::kQueued && !leave_queue(state)) {
        return; // those that run have their events in the set
    }
    WaitEventSet* events = castNode(AppendState, request->requestor)->as_eventset;
    const bool is_receiving = advance_stream(state);
    if (!is_receiving) {
        pg::arm_retry_timer(state->timer);
    }
    AddWaitEventToSet(events, WL_SOCKET_READABLE,
                      is_receiving ? state->socket->fd() : state->timer->fd(), nullptr, request);
}

void penstock_foreign_async_notify(AsyncRequest* request) noexcept {
    produce(request);
}
