#include "fdw/scan_record.hpp"

#include "fdw/plan_data.hpp"
#include "pg/boundary.hpp"
#include "pg/conversion.hpp"
#include "pg/table_statistics.hpp"

namespace penstock::fdw {
namespace {

/// What a record holds at most; chosen: with the default of 100 records all of them stay below a
/// few megabytes, whatever is asked.
constexpr int kMaxColumns = 100;
constexpr int kMaxQuals = 32;
constexpr std::size_t kMaxListed = 10;
constexpr int kMaxTextBytes = 200;

/// Classes 00, 01 and 02 are no errors.
bool is_error(int sqlstate) {
    return ERRCODE_TO_CATEGORY(sqlstate) > ERRCODE_NO_DATA;
}

/// How much of a text goes into a record: whole characters. Text of a database without encoding is
/// cut as UTF-8, so that clients can still read it.
int clipped_bytes(const char* value, std::size_t bytes, int encoding) {
    const int length = static_cast<int>(Min(bytes, static_cast<std::size_t>(kMaxTextBytes) + 1));
    return pg_encoding_mbcliplen(encoding == PG_SQL_ASCII ? PG_UTF8 : encoding, value, length,
                                 kMaxTextBytes);
}

/// A value of a request, which has it in UTF-8.
void append_quoted(StringInfo text, const char* value, std::size_t bytes) {
    const int kept = clipped_bytes(value, bytes, PG_UTF8);
    const char* shown = pg::from_utf8(value, kept);
    if (static_cast<std::size_t>(kept) < bytes) {
        shown = psprintf("%s...", shown);
    }
    appendStringInfoString(text, quote_literal_cstr(shown));
}

/// A column's name as SQL writes it; requests have it in UTF-8.
const char* name_text(const char* name) {
    return quote_identifier(pg::from_utf8(name, static_cast<int>(strlen(name))));
}

void append_output(StringInfo text, PGFunction output, Datum value) {
    appendStringInfoString(text,
                           quote_literal_cstr(DatumGetCString(DirectFunctionCall1(output, value))));
}

void append_bytes(StringInfo text, const core::ScalarSpec* scalar) {
    const std::size_t shown = Min(scalar->text_bytes, static_cast<std::size_t>(kMaxTextBytes) / 2);
    appendStringInfoString(text, "'\\x");
    for (std::size_t index = 0; index < shown; ++index) {
        appendStringInfo(text, "%02x", static_cast<unsigned char>(scalar->text[index]));
    }
    appendStringInfoString(text, shown < scalar->text_bytes ? "...'" : "'");
}

void append_interval(StringInfo text, const core::ScalarSpec* scalar) {
    auto* interval = static_cast<::Interval*>(palloc0(sizeof(::Interval)));
    interval->time = scalar->integer;
    interval->day = scalar->days;
    interval->month = scalar->months;
    append_output(text, interval_out, IntervalPGetDatum(interval));
}

void append_scalar(StringInfo text, const core::ScalarSpec* scalar) {
    using Kind = core::ScalarSpec::Kind;
    switch (scalar->kind) {
    case Kind::kBool:
        appendStringInfoString(text, scalar->boolean ? "true" : "false");
        break;
    case Kind::kInteger:
        appendStringInfo(text, INT64_FORMAT, scalar->integer);
        break;
    case Kind::kNumber:
        appendStringInfoString(text, float8out_internal(scalar->number));
        break;
    case Kind::kText:
        append_quoted(text, scalar->text, scalar->text_bytes);
        break;
    case Kind::kBytes:
        append_bytes(text, scalar);
        break;
    case Kind::kUuid:
        append_output(text, uuid_out, PointerGetDatum(scalar->text));
        break;
    case Kind::kDate:
        append_output(text, date_out, DateADTGetDatum(static_cast<DateADT>(scalar->integer)));
        break;
    case Kind::kTimestamptz:
        append_output(text, timestamptz_out, TimestampTzGetDatum(scalar->integer));
        break;
    case Kind::kInterval:
        append_interval(text, scalar);
        break;
    }
}

void append_list(StringInfo text, const core::QualSpec* qual) {
    appendStringInfoString(text, " in (");
    for (std::size_t index = 0; index < Min(qual->value_count, kMaxListed); ++index) {
        appendStringInfoString(text, index == 0 ? "" : ", ");
        append_scalar(text, &qual->values[index]);
    }
    if (qual->value_count > kMaxListed) {
        appendStringInfo(text, ", ... %zu more", qual->value_count - kMaxListed);
    }
    appendStringInfoChar(text, ')');
}

char* qual_text(const core::QualSpec* qual) {
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfoString(&text, name_text(qual->column));
    if (qual->op == QualOp::kIsNull || qual->op == QualOp::kIsNotNull) {
        appendStringInfoString(&text, qual->op == QualOp::kIsNull ? " is null" : " is not null");
    } else if (qual->op == QualOp::kIn) {
        append_list(&text, qual);
    } else {
        const std::string_view sign = sign_of(qual->op);
        appendStringInfo(&text, " %.*s ", static_cast<int>(sign.size()), sign.data());
        append_scalar(&text, qual->values);
    }
    return text.data;
}

List* qual_texts(const core::QualSpec* quals, std::size_t qual_count, bool is_exact) {
    List* texts = NIL;
    for (std::size_t index = 0; index < qual_count && list_length(texts) < kMaxQuals; ++index) {
        if (quals[index].is_exact == is_exact) {
            texts = lappend(texts, qual_text(&quals[index]));
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
        const int kept = clipped_bytes(text, strlen(text), GetDatabaseEncoding());
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

/// What does not change between the requests of a scan, and the conditions of its first one.
void describe(ForeignScanState* node, pg::ScanRecord* record, const core::QualSpec* quals,
              std::size_t qual_count) {
    auto* stream = static_cast<ForeignStream*>(node->fdw_state);
    const ForeignScan* plan = castNode(ForeignScan, node->ss.ps.plan);
    record->connection = keep_text(record, stream->table->connection);
    record->table = keep_text(record, stream->table->table);
    record->plugin = keep_text(record, stream->table->plugin);
    record->column_count = list_length(columns_of(plan));
    record->columns = keep_texts(record, column_names(stream, record->column_count));
    record->exact_quals = keep_texts(record, qual_texts(quals, qual_count, true));
    record->superset_quals = keep_texts(record, qual_texts(quals, qual_count, false));
    record->local_quals = keep_texts(record, local_texts(node));
    record->row_target = row_target_of(plan);
}

void make_recorder(ForeignScanState* node, const core::QualSpec* quals, std::size_t qual_count) {
    auto* stream = static_cast<ForeignStream*>(node->fdw_state);
    stream->recorder = pg::make_owned<ScanRecorder>(node->ss.ps.state->es_query_cxt);
    stream->recorder->stream = stream;
    stream->recorder->relation = stream->table->relation;
    stream->recorder->started_at = GetCurrentTimestamp();
    stream->recorder->is_whole = reads_whole_table(plan_of(node));
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
    counts.observed_rows = is_complete && recorder->is_whole && !stream->reads_parts
                               ? static_cast<int64>(session->rows_of_scan())
                               : pg::kNotObserved;
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
