#include "fdw/foreign_stream.hpp"

#include "fdw/callbacks.hpp"
#include "fdw/rel_state.hpp"
#include "fdw/request_log.hpp"
#include "pg/boundary.hpp"

/// ANALYZE: reads the whole table once and keeps a random sample of its rows.
namespace penstock::fdw {
namespace {

/// The sample under way.
struct Sample {
    HeapTuple* rows;
    int target; ///< how many rows are wanted
    int count;
    double seen;
    ReservoirStateData reservoir;
    double skip; ///< rows to leave out before the next one is taken; -1 = not drawn
};

/// Algorithm of Vitter, as the server's own ANALYZE: the first rows fill the sample, later ones
/// replace a random one of it ever more rarely.
int place_of_next_row(Sample* sample) {
    ++sample->seen;
    if (sample->count < sample->target) {
        return sample->count++;
    }
    if (sample->skip < 0) {
        sample->skip = reservoir_get_next_S(&sample->reservoir, sample->seen - 1, sample->target);
    }
    if (sample->skip-- > 0) {
        return -1;
    }
    sample->skip = -1;
    return static_cast<int>(sample->target * pg::random_fraction(&sample->reservoir));
}

void keep_row(Sample* sample, Relation relation, Datum* values, bool* nulls) {
    const int place = place_of_next_row(sample);
    if (place < 0) {
        return;
    }
    if (sample->rows[place] != nullptr) {
        heap_freetuple(sample->rows[place]);
    }
    sample->rows[place] = heap_form_tuple(RelationGetDescr(relation), values, nulls);
}

/// Converts the row and decides whether it is kept. What the conversion leaves is freed.
void take_row(Sample* sample, ForeignStream* state, Relation relation, Datum* values, bool* nulls) {
    if (state->converter == nullptr) {
        keep_row(sample, relation, values, nulls);
        return;
    }
    MemoryContext keeper = MemoryContextSwitchTo(state->request_context);
    pg::convert_row(state->converter, values, nulls);
    MemoryContextSwitchTo(keeper);
    keep_row(sample, relation, values, nulls);
    MemoryContextReset(state->request_context);
}

/// A stream without a plan: all columns, no conditions.
ForeignStream* make_stream(Relation relation) {
    auto* state = static_cast<ForeignStream*>(palloc0(sizeof(ForeignStream)));
    state->table = pg::read_table(RelationGetRelid(relation));
    state->session = pg::make_owned<core::ScanSession>(CurrentMemoryContext);
    state->socket = pg::make_owned<pg::Socket>(CurrentMemoryContext);
    state->timer = pg::make_owned<pg::Socket>(CurrentMemoryContext);
    state->request_context =
        AllocSetContextCreate(CurrentMemoryContext, "Penstock sampled row", ALLOCSET_SMALL_SIZES);
    state->may_wait = true;
    state->first_row_ms = -1;
    pg::check_encoding();
    return state;
}

void open_sample_request(ForeignStream* state, Relation relation) {
    const pg::TableInfo* table = state->table;
    auto* columns = static_cast<core::ColumnSpec*>(
        palloc(sizeof(core::ColumnSpec) * Max(table->column_count, 1)));
    List* attnums = NIL;
    for (int index = 0; index < table->column_count; ++index) {
        const pg::ColumnInfo* column = &table->columns[index];
        if (column->attnum != 0) {
            columns[list_length(attnums)] = {pg::to_utf8(column->name), column->fetched,
                                             static_cast<std::uint16_t>(index)};
            attnums = lappend_int(attnums, column->attnum);
        }
    }
    state->converter = pg::make_row_converter(relation, table, attnums);
    core::RequestSpec request = {};
    request.connection = pg::to_utf8(table->connection);
    request.table = pg::to_utf8(table->table);
    request.columns = {columns, static_cast<std::size_t>(list_length(attnums))};
    request.backend_pid = MyProcPid;
    request.user_name = pg::to_utf8(GetUserNameFromId(GetUserId(), false));
    log_request(table, &request, nullptr);
    if (!state->session->open(request)) {
        raise_session_error(state);
    }
    state->started_at = GetCurrentTimestamp();
    state->stage = Stage::kConnecting;
    open_stream(state);
}

/// Reads all rows. The values of one row live until the next.
void read_rows(ForeignStream* state, Relation relation, Sample* sample) {
    using Event = core::ScanSession::Event;
    const int column_count = RelationGetDescr(relation)->natts;
    auto* values = static_cast<Datum*>(palloc0(sizeof(Datum) * Max(column_count, 1)));
    auto* nulls = static_cast<bool*>(palloc(sizeof(bool) * Max(column_count, 1)));
    memset(nulls, true, sizeof(bool) * column_count);
    for (;;) {
        switch (state->session->next_row(values, nulls)) {
        case Event::kRow:
            take_row(sample, state, relation, values, nulls);
            break;
        case Event::kNeedBytes:
            pg::rest_in_analyze();
            (void)receive_some(state, true);
            break;
        case Event::kEnd:
            finish_stream(state);
            return;
        case Event::kError:
            raise_session_error(state);
        }
    }
}

int acquire_sample(Relation relation, int level, HeapTuple* rows, int target, double* total,
                   double* dead) noexcept {
    auto* sample = static_cast<Sample*>(palloc0(sizeof(Sample)));
    sample->rows = rows;
    sample->target = target;
    sample->skip = -1;
    memset(static_cast<void*>(rows), 0, sizeof(HeapTuple) * target);
    reservoir_init_selection_state(&sample->reservoir, target);
    // The tuples go to the caller's context, everything else goes away with this one.
    ForeignStream* state = make_stream(relation);
    open_sample_request(state, relation);
    read_rows(state, relation, sample);
    *total = sample->seen;
    *dead = 0;
    ereport(level, (errmsg("\"%s\": plugin sent %.0f rows; %d rows in sample",
                           RelationGetRelationName(relation), sample->seen, sample->count)));
    return sample->count;
}

} // namespace
} // namespace penstock::fdw

using namespace penstock;
using namespace penstock::fdw;

/// False, which the server turns into a warning, for a table that cannot be listed.
bool penstock_analyze_foreign_table(Relation relation, AcquireSampleRowsFunc* acquire,
                                    BlockNumber* pages) noexcept {
    const pg::TableInfo* table = pg::read_table(RelationGetRelid(relation));
    if (lacks_keys(table, nullptr)) {
        return false;
    }
    *acquire = acquire_sample;
    *pages = 1; // how large the source is, nobody knows; the planner asks for rows
    return true;
}
