#include "fdw/foreign_stream.hpp"

#include <cerrno>
#include <cstring>

#include "fdw/join_scan.hpp"
#include "fdw/plan_data.hpp"
#include "fdw/rel_state.hpp"
#include "fdw/scan_record.hpp"
#include "pg/boundary.hpp"

namespace penstock::fdw {
namespace {

pg::Address address_of(const ForeignStream* state) {
    return {state->table->socket, state->table->uid, state->table->plugin};
}

/// Closes the socket; the next in the queue of an Append may start.
void release_socket(ForeignStream* state) {
    state->socket->close();
    state->timer->close();
    if (state->is_counted) {
        --state->group->running;
        state->is_counted = false;
    }
}

} // namespace

const char* name_of(const ForeignStream* state) {
    return state->join != nullptr ? state->join->name : state->table->table;
}

void raise_session_error(ForeignStream* state) {
    ErrorContextCallback watch;
    watch_errors(&watch, state);
    release_socket(state);
    pg::raise(state->session->error(), state->table->connection, name_of(state));
}

void prepare_stream(ForeignScanState* node) {
    ForeignStream* state = state_of(node);
    MemoryContextReset(state->request_context);
    MemoryContext previous = MemoryContextSwitchTo(state->request_context);
    if (state->join == nullptr) {
        check_keys(state->table, planned_keys(plan_of(node))); // planning may have left it open
    }
    state->was_read = false;
    state->is_batch_new = false;
    state->stage = open_request(node) ? Stage::kConnecting : Stage::kEmpty;
    state->started_at = state->connecting_since = GetCurrentTimestamp();
    MemoryContextSwitchTo(previous);
}

bool advance_stream(ForeignStream* state) {
    ErrorContextCallback watch;
    watch_errors(&watch, state);
    if (state->stage == Stage::kConnecting &&
        pg::try_connect(state->socket, address_of(state), &state->connecting_since)) {
        state->stage = Stage::kSending;
    }
    if (state->stage == Stage::kSending) {
        const std::span<const char> outgoing = state->session->outgoing();
        const ssize_t sent = pg::try_send(state->socket, outgoing.data(), outgoing.size());
        // A peer that refuses us may close before it has read everything: its error frame says why,
        // so a failed send is not the end yet.
        if (sent < 0 || static_cast<std::size_t>(sent) == outgoing.size()) {
            state->stage = Stage::kReceiving;
        } else {
            state->session->sent(static_cast<std::size_t>(sent));
        }
    }
    unwatch_errors(&watch);
    return state->stage == Stage::kReceiving;
}

void open_stream(ForeignStream* state) {
    ErrorContextCallback watch;
    watch_errors(&watch, state);
    if (state->stage == Stage::kQueued || state->stage == Stage::kConnecting) {
        pg::connect_socket(state->socket, address_of(state));
        state->stage = Stage::kSending;
    }
    if (state->stage == Stage::kSending) {
        const std::span<const char> outgoing = state->session->outgoing();
        (void)pg::send_all(state->socket, outgoing.data(), outgoing.size());
        state->stage = Stage::kReceiving;
    }
    unwatch_errors(&watch);
}

core::ScanSession::Event receive_some(ForeignStream* state, bool may_wait) {
    using Event = core::ScanSession::Event;
    const std::span<std::byte> want = state->session->want();
    if (want.empty()) {
        raise_session_error(state);
    }
    ErrorContextCallback watch;
    watch_errors(&watch, state);
    const ssize_t got = may_wait ? pg::receive(state->socket, want.data(), want.size())
                                 : pg::try_receive(state->socket, want.data(), want.size());
    unwatch_errors(&watch);
    if (got == pg::kNothingYet) {
        state->is_waiting = true;
        return Event::kNeedBytes;
    }
    const Event event = got > 0 ? state->session->received(static_cast<std::size_t>(got))
                                : state->session->closed(got < 0 ? strerror(errno) : nullptr);
    if (event == Event::kError) {
        raise_session_error(state);
    }
    if (event == Event::kRow && state->first_row_ms < 0) {
        state->first_row_ms =
            static_cast<double>(GetCurrentTimestamp() - state->started_at) / 1000.0;
    }
    return event;
}

void set_batch(ForeignScanState* node, Datum array, Oid element_type) {
    ForeignStream* state = state_of(node);
    state->batch = array;
    state->batch_element = element_type;
    state->is_batch_new = true;
}

void close_stream(ForeignStream* state) {
    release_socket(state);
    state->stage = Stage::kIdle;
}

void finish_stream(ForeignStream* state) {
    if (!state->socket->is_open()) {
        return;
    }
    release_socket(state);
    const std::size_t count = state->session->warnings().size();
    for (std::size_t index = 0; index < count; ++index) {
        pg::warn(state->session->warnings()[index]);
    }
}

} // namespace penstock::fdw
