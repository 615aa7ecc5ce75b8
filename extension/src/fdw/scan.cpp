#include "core/scan_session.hpp"
#include "fdw/foreign_stream.hpp"

#include <cerrno>
#include <cstring>

#include "fdw/callbacks.hpp"
#include "fdw/plan_data.hpp"
#include "fdw/scan_record.hpp"
#include "fdw/values.hpp"
#include "pg/boundary.hpp"

/// Execution of one foreign scan: the socket is opened at the first row, read a block at a time,
/// and closed at the end, on a rescan, or by the memory context when the query fails.
namespace penstock::fdw {
namespace {

static_assert(sizeof(Datum) == sizeof(std::uint64_t), "blocks hold 64-bit datums");

ForeignStream* state_of(ForeignScanState* node) {
    return static_cast<ForeignStream*>(node->fdw_state);
}

ForeignScan* plan_of(ForeignScanState* node) {
    return castNode(ForeignScan, node->ss.ps.plan);
}

void check_encoding() {
    if (GetDatabaseEncoding() != PG_UTF8) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED,
                  "foreign tables of Penstock need a database with encoding UTF8",
                  psprintf("This one has encoding %s.", GetDatabaseEncodingName()),
                  "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.");
    }
}

/// The column as the catalog has it now; the plan may be older.
const pg::ColumnInfo* planned_column(const pg::TableInfo* table, AttrNumber attnum) {
    if (attnum > table->column_count || table->columns[attnum - 1].attnum == 0) {
        pg::raise(
            ERRCODE_FDW_COLUMN_NAME_NOT_FOUND,
            psprintf("foreign table \"%s\" has changed since the query was planned", table->table),
            nullptr, "Run the statement again.");
    }
    const pg::ColumnInfo* column = &table->columns[attnum - 1];
    if (!column->is_supported) {
        pg::raise(
            ERRCODE_FDW_INVALID_DATA_TYPE,
            psprintf("column \"%s\" of foreign table \"%s\" has type %s, which no plugin delivers",
                     column->name, table->table, format_type_be(column->type_oid)),
            nullptr,
            "Let the controller make the table, or use a type such as text, int8 or "
            "timestamptz without a modifier.");
    }
    return column;
}

/// The columns of the request: palloc'd, in the order of the plan.
core::ColumnSpec* make_columns(const pg::TableInfo* table, List* attnums) {
    auto* columns = static_cast<core::ColumnSpec*>(
        palloc(sizeof(core::ColumnSpec) * Max(list_length(attnums), 1)));
    ListCell* cell = nullptr;
    foreach (cell, attnums) {
        const auto attnum = static_cast<AttrNumber>(lfirst_int(cell));
        const pg::ColumnInfo* column = planned_column(table, attnum);
        columns[foreach_current_index(cell)] = {column->name, column->type,
                                                static_cast<std::uint16_t>(attnum - 1)};
    }
    return columns;
}

/// Evaluates the value of a condition. False: it is NULL, so no row can satisfy the condition.
bool evaluate(ForeignScanState* node, const PlannedQual* planned, core::QualSpec* qual) {
    auto* expression =
        static_cast<ExprState*>(list_nth(state_of(node)->expressions, planned->expr));
    bool is_null = false;
    const Datum value = ExecEvalExprSwitchContext(expression, node->ss.ps.ps_ExprContext, &is_null);
    if (is_null) {
        return false;
    }
    const Oid type = exprType(reinterpret_cast<Node*>(expression->expr));
    if (planned->op == QualOp::kIn) {
        int count = 0;
        qual->values = make_scalars(value, get_base_element_type(type), &count);
        qual->value_count = static_cast<std::size_t>(count);
        return count > 0;
    }
    auto* scalar = static_cast<core::ScalarSpec*>(palloc(sizeof(core::ScalarSpec)));
    *scalar = make_scalar(value, type);
    qual->values = scalar;
    qual->value_count = 1;
    return true;
}

/// The conditions of the request. Null: one of them can never be true, so there are no rows.
core::QualSpec* make_quals(ForeignScanState* node) {
    List* planned_quals = quals_of(plan_of(node));
    auto* quals = static_cast<core::QualSpec*>(
        palloc0(sizeof(core::QualSpec) * Max(list_length(planned_quals), 1)));
    ListCell* cell = nullptr;
    foreach (cell, planned_quals) {
        const PlannedQual planned = read_qual(lfirst(cell));
        const pg::ColumnInfo* column = planned_column(state_of(node)->table, planned.attnum);
        core::QualSpec* qual = &quals[foreach_current_index(cell)];
        qual->column = column->name;
        qual->op = planned.op;
        qual->type = column->type;
        qual->is_exact = planned.is_exact;
        if (planned.expr >= 0 && !evaluate(node, &planned, qual)) {
            return nullptr;
        }
    }
    return quals;
}

[[noreturn]] void raise_session_error(ForeignStream* state) {
    ErrorContextCallback watch;
    watch_errors(&watch, state);
    state->socket->close();
    pg::raise(state->session->error(), state->table->connection, state->table->table);
}

/// Opens the scan: evaluates the conditions, connects, sends the request.
void start_scan(ForeignScanState* node) {
    ForeignStream* state = state_of(node);
    const ForeignScan* plan = plan_of(node);
    MemoryContextReset(state->request_context);
    MemoryContext previous = MemoryContextSwitchTo(state->request_context);
    const core::QualSpec* quals = make_quals(node);
    state->is_started = true;
    state->is_empty = quals == nullptr;
    record_request(node, quals, static_cast<std::size_t>(list_length(quals_of(plan))));
    ErrorContextCallback watch;
    watch_errors(&watch, state);
    if (!state->is_empty) {
        core::RequestSpec request = {};
        request.connection = state->table->connection;
        request.table = state->table->table;
        request.columns = {state->columns, static_cast<std::size_t>(list_length(columns_of(plan)))};
        request.quals = {quals, static_cast<std::size_t>(list_length(quals_of(plan)))};
        request.row_target = static_cast<std::uint64_t>(row_target_of(plan));
        request.backend_pid = MyProcPid;
        request.user_name = GetUserNameFromId(pg::scan_user(node), true);
        if (request.user_name == nullptr) {
            request.user_name = "";
        }
        if (!state->session->open(request)) {
            raise_session_error(state);
        }
        state->started_at = GetCurrentTimestamp();
        pg::connect_socket(state->socket, state->table->socket, state->table->uid,
                           state->table->plugin);
        const std::span<const char> outgoing = state->session->outgoing();
        // A peer that refuses us may close before it has read everything: its error frame says why,
        // so a failed send is not the end yet.
        (void)pg::send_all(state->socket, outgoing.data(), outgoing.size());
    }
    unwatch_errors(&watch);
    MemoryContextSwitchTo(previous);
}

/// Receives once. Raises on any failure.
core::ScanSession::Event receive_some(ForeignStream* state) {
    using Event = core::ScanSession::Event;
    const std::span<std::byte> want = state->session->want();
    if (want.empty()) {
        raise_session_error(state);
    }
    ErrorContextCallback watch;
    watch_errors(&watch, state);
    const ssize_t got = pg::receive(state->socket, want.data(), want.size());
    unwatch_errors(&watch);
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

/// The END frame came: give the socket back early, show what the plugin wants to be seen.
void finish_scan(ForeignStream* state) {
    if (!state->socket->is_open()) {
        return;
    }
    state->socket->close();
    const std::size_t count = state->session->warnings().size();
    for (std::size_t index = 0; index < count; ++index) {
        pg::warn(state->session->warnings()[index].c_str());
    }
}

} // namespace
} // namespace penstock::fdw

using namespace penstock;
using namespace penstock::fdw;

void penstock_begin_foreign_scan(ForeignScanState* node, int eflags) noexcept {
    if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0) {
        return;
    }
    check_encoding();
    EState* estate = node->ss.ps.state;
    auto* state = static_cast<ForeignStream*>(palloc0(sizeof(ForeignStream)));
    state->table = pg::read_table(RelationGetRelid(node->ss.ss_currentRelation));
    state->columns = make_columns(state->table, columns_of(plan_of(node)));
    state->expressions = ExecInitExprList(plan_of(node)->fdw_exprs, &node->ss.ps);
    state->request_context =
        AllocSetContextCreate(estate->es_query_cxt, "Penstock scan request", ALLOCSET_SMALL_SIZES);
    state->session = pg::make_owned<core::ScanSession>(estate->es_query_cxt);
    state->socket = pg::make_owned<pg::Socket>(estate->es_query_cxt);
    state->first_row_ms = -1;
    node->fdw_state = state;
    // Columns that are not fetched stay NULL for good: next_row() never touches them.
    TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
    memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
    memset(slot->tts_values, 0, sizeof(Datum) * slot->tts_tupleDescriptor->natts);
}

TupleTableSlot* penstock_iterate_foreign_scan(ForeignScanState* node) noexcept {
    using Event = core::ScanSession::Event;
    ForeignStream* state = state_of(node);
    TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    if (!state->is_started) {
        start_scan(node);
    }
    if (state->is_empty) {
        return slot;
    }
    for (;;) {
        switch (state->session->next_row(slot->tts_values, slot->tts_isnull)) {
        case Event::kRow:
            return ExecStoreVirtualTuple(slot);
        case Event::kNeedBytes:
            (void)receive_some(state);
            break;
        case Event::kEnd:
            finish_scan(state);
            return slot;
        case Event::kError:
            raise_session_error(state);
        }
    }
}

void penstock_rescan_foreign_scan(ForeignScanState* node) noexcept {
    ForeignStream* state = state_of(node);
    if (state == nullptr || !state->is_started) {
        return;
    }
    if (node->ss.ps.chgParam == nullptr && (state->is_empty || state->session->can_rewind())) {
        state->session->rewind();
        return;
    }
    // Closing cancels the old stream; the next row opens a new one with the new values.
    state->socket->close();
    state->is_started = false;
}

void penstock_end_foreign_scan(ForeignScanState* node) noexcept {
    if (state_of(node) != nullptr) {
        state_of(node)->socket->close();
        record_end(state_of(node));
    }
}
