#include "fdw/scan_record.hpp"

#include "fdw/grouped_answer.hpp"
#include "fdw/join_text.hpp"
#include "fdw/plan_data.hpp"
#include "fdw/request_text.hpp"
#include "pg/boundary.hpp"
#include "pg/conversion.hpp"
#include "pg/table_statistics.hpp"

namespace penstock::fdw {
namespace {

/// What a record holds at most; chosen: with the default of 100 records all of them stay below a
/// few megabytes, whatever is asked.
constexpr int kMaxColumns = 100;
constexpr int kMaxQuals = 32;

/// Classes 00, 01 and 02 are no errors.
bool is_error(int sqlstate) {
    return ERRCODE_TO_CATEGORY(sqlstate) > ERRCODE_NO_DATA;
}

List* qual_texts(const core::QualSpec* quals, std::size_t qual_count, bool is_exact) {
    List* texts = NIL;
    for (std::size_t index = 0; index < qual_count && list_length(texts) < kMaxQuals; ++index) {
        if (quals[index].is_exact == is_exact) {
            texts = lappend(texts, request_qual_text(&quals[index], kMaxValueBytes));
        }
    }
    return texts;
}

/// The server's own conditions. Their only variables are columns of the scan, so the scan's table
/// is all that the deparser has to know.
List* local_texts(ForeignScanState* node) {
    const Scan* scan = &castNode(ForeignScan, node->ss.ps.plan)->scan;
    List* texts = NIL;
    if (scan->plan.qual == NIL || scan->scanrelid == 0) {
        return texts;
    }
    Relation relation = node->ss.ss_currentRelation;
    List* context =
        deparse_context_for(RelationGetRelationName(relation), RelationGetRelid(relation));
    ListCell* cell = nullptr;
    foreach (cell, scan->plan.qual) {
        if (list_length(texts) == kMaxQuals) {
            break;
        }
        auto* qual = static_cast<Node*>(copyObjectImpl(lfirst(cell)));
        ChangeVarNodes(qual, static_cast<int>(scan->scanrelid), 1, 0);
        const char* text = deparse_expression(qual, context, false, false);
        const int kept = clipped_bytes(text, strlen(text), GetDatabaseEncoding(), kMaxValueBytes);
        texts = lappend(texts, psprintf("%.*s%s", kept, text, text[kept] == '\0' ? "" : "..."));
    }
    return texts;
}

List* column_names(const ForeignStream* stream, int column_count) {
    List* names = NIL;
    for (int index = 0; index < Min(column_count, kMaxColumns); ++index) {
        const char* name = stream->columns[index].name;
        names = lappend(names, pg::from_utf8(name, static_cast<int>(strlen(name))));
    }
    return names;
}

ArrayType* keep_texts(const pg::ScanRecord* record, List* texts) {
    MemoryContext previous = MemoryContextSwitchTo(record->memory);
    ArrayType* array = pg::make_text_array(texts);
    MemoryContextSwitchTo(previous);
    return array;
}

const char* keep_text(const pg::ScanRecord* record, const char* text) {
    return MemoryContextStrdup(record->memory, text);
}

const char* keep_clipped(const pg::ScanRecord* record, const char* text) {
    const int kept = clipped_bytes(text, strlen(text), GetDatabaseEncoding(), kMaxValueBytes);
    return keep_text(record, psprintf("%.*s%s", kept, text, text[kept] == '\0' ? "" : "..."));
}

/// What does not change between the requests of a scan, and the conditions of its first one.
void describe(ForeignScanState* node, pg::ScanRecord* record, const core::QualSpec* quals,
              std::size_t qual_count) {
    auto* stream = static_cast<ForeignStream*>(node->fdw_state);
    const ForeignScan* plan = castNode(ForeignScan, node->ss.ps.plan);
    record->connection = keep_text(record, stream->table->connection);
    record->table = keep_clipped(record, stream->join != nullptr ? stream->join->relations
                                                                 : stream->table->table);
    record->plugin = keep_text(record, stream->table->plugin);
    record->column_count = stream->column_count;
    record->columns = keep_texts(record, column_names(stream, record->column_count));
    record->exact_quals =
        keep_texts(record, stream->join != nullptr
                               ? join_condition_texts(stream->join, kMaxValueBytes, kMaxQuals)
                               : qual_texts(quals, qual_count, true));
    record->superset_quals = keep_texts(record, qual_texts(quals, qual_count, false));
    record->local_quals = keep_texts(record, local_texts(node));
    record->row_target = row_target_of(plan);
}

/// The position in the answer of count(*) over all rows of the table; -1 = it is not there.
int find_whole_count(const ForeignScan* plan) {
    if (!is_grouped(plan) || columns_of(plan) != NIL || !covers_whole_table(plan)) {
        return -1;
    }
    ListCell* cell = nullptr;
    foreach (cell, calls_of(plan)) {
        const PlannedCall call = read_call(lfirst(cell));
        if (call.function == AggregateFunction::kCount && call.attnum == 0 && call.filter == NIL) {
            return foreach_current_index(cell);
        }
    }
    return -1;
}

void make_recorder(ForeignScanState* node, const core::QualSpec* quals, std::size_t qual_count) {
    auto* stream = static_cast<ForeignStream*>(node->fdw_state);
    stream->recorder = pg::make_owned<ScanRecorder>(node->ss.ps.state->es_query_cxt);
    stream->recorder->stream = stream;
    stream->recorder->relation = stream->table->relation;
    stream->recorder->started_at = GetCurrentTimestamp();
    stream->recorder->is_whole = reads_whole_table(plan_of(node));
    stream->recorder->whole_count = find_whole_count(plan_of(node));
    stream->recorder->is_open = true;
    pg::make_scan_record(&stream->recorder->record);
    if (stream->recorder->record == nullptr) {
        return;
    }
    MemoryContext work =
        AllocSetContextCreate(CurrentMemoryContext, "Penstock scan texts", ALLOCSET_SMALL_SIZES);
    MemoryContext previous = MemoryContextSwitchTo(work);
    describe(node, stream->recorder->record, quals, qual_count);
    MemoryContextSwitchTo(previous);
    MemoryContextDelete(work);
}

/// Rows of the whole table, as far as this scan tells.
int64 observed_rows(const ScanRecorder* recorder) {
    const ForeignStream* stream = recorder->stream;
    if (!stream->session->is_sound() || stream->reads_parts) {
        return pg::kNotObserved; // parallel.cpp adds up parts
    }
    if (recorder->is_whole) {
        return static_cast<int64>(stream->session->rows_of_scan());
    }
    return recorder->whole_count >= 0 && stream->session->rows_of_scan() == 1
               ? DatumGetInt64(stream->answer->values[recorder->whole_count])
               : pg::kNotObserved;
}

bool is_cancel(int sqlstate) {
    return ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_OPERATOR_INTERVENTION;
}

/// `sqlstate`: of the error that ended the scan; 0 = none.
pg::ScanCounts counts_of(const ScanRecorder* recorder, int sqlstate, TimestampTz ended_at) {
    const ForeignStream* stream = recorder->stream;
    const core::ScanSession* session = stream->session;
    const bool is_complete = session->is_complete();
    pg::ScanCounts counts = {};
    counts.is_scan = !stream->reads_parts || stream->took_first_part;
    counts.is_cached = is_complete && session->is_cached();
    counts.is_failed = sqlstate != 0 && !is_cancel(sqlstate);
    counts.is_cancelled = sqlstate != 0 && is_cancel(sqlstate);
    counts.requests = recorder->requests;
    counts.rows = static_cast<int64>(session->rows_total());
    counts.bytes = static_cast<int64>(session->bytes_total());
    counts.source_bytes = static_cast<int64>(session->source_bytes_total());
    counts.first_row_ms = stream->first_row_ms;
    counts.total_ms = static_cast<double>(ended_at - recorder->started_at) / 1000.0;
    counts.observed_rows = observed_rows(recorder);
    counts.ended_at = ended_at;
    return counts;
}

void finish(ScanRecorder* recorder, int sqlstate) noexcept {
    if (!recorder->is_open) {
        return;
    }
    recorder->is_open = false;
    const TimestampTz ended_at = GetCurrentTimestamp();
    pg::add_scan(recorder->relation, counts_of(recorder, sqlstate, ended_at));
    pg::ScanRecord* record = recorder->record;
    if (record == nullptr) {
        return;
    }
    recorder->record = nullptr;
    const core::ScanSession* session = recorder->stream->session;
    record->sqlstate = sqlstate;
    record->requests = recorder->requests;
    record->ended_at = ended_at;
    record->rows = static_cast<int64>(session->rows_total());
    record->bytes = static_cast<int64>(session->bytes_total());
    record->source_bytes = static_cast<int64>(session->source_bytes_total());
    record->blocks = static_cast<int64>(session->blocks_total());
    record->first_row_ms = recorder->stream->first_row_ms;
    record->is_cached = session->is_cached();
    record->is_complete = recorder->stream->stage == Stage::kEmpty || session->is_complete();
    pg::keep_scan(record);
}

void note_error(void* recorder) {
    if (recorder != nullptr) {
        static_cast<ScanRecorder*>(recorder)->sqlstate = geterrcode();
    }
}

} // namespace

ScanRecorder::~ScanRecorder() {
    finish(this, is_error(sqlstate) ? sqlstate : 0);
}

void record_request(ForeignScanState* node, const core::QualSpec* quals, std::size_t qual_count) {
    auto* stream = static_cast<ForeignStream*>(node->fdw_state);
    if (stream->recorder == nullptr) {
        make_recorder(node, quals, quals == nullptr ? 0 : qual_count);
    }
    if (quals != nullptr) {
        ++stream->recorder->requests;
    }
}

void record_end(ForeignStream* stream) {
    if (stream->recorder != nullptr) {
        finish(stream->recorder, 0);
    }
}

void watch_errors(ErrorContextCallback* watch, ForeignStream* stream) {
    watch->previous = error_context_stack;
    watch->callback = note_error;
    watch->arg = stream->recorder;
    error_context_stack = watch;
}

void unwatch_errors(const ErrorContextCallback* watch) {
    error_context_stack = watch->previous;
}

} // namespace penstock::fdw
