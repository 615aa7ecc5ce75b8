#include "pg/scan_history.hpp"

#include "pg/boundary.hpp"
#include "pg/result_rows.hpp"

namespace penstock::pg {

int scan_history = 100;

namespace {

/// The last scans, oldest first from `next` on. Allocated where errors may be raised, filled where
/// they may not.
struct History {
    ScanRecord** records; ///< in TopMemoryContext; null = free
    int capacity;
    int next; ///< the slot that is filled, and freed before that, next
    int64 last_number;
};
History history;

void forget(ScanRecord* record) {
    if (record != nullptr) {
        MemoryContextDelete(record->memory);
    }
}

/// Follows a change of the setting; the newest records stay.
void resize_history() {
    if (history.capacity == scan_history) {
        return;
    }
    auto* records = static_cast<ScanRecord**>(MemoryContextAllocZero(
        TopMemoryContext, sizeof(ScanRecord*) * static_cast<Size>(Max(scan_history, 1))));
    int kept = 0;
    for (int age = 0; age < history.capacity; ++age) {
        ScanRecord* record = history.records[(history.next + age) % history.capacity];
        if (history.capacity - age > scan_history) {
            forget(record);
        } else if (record != nullptr) {
            records[kept++] = record;
        }
    }
    if (history.records != nullptr) {
        pfree(static_cast<void*>(history.records));
    }
    history.records = records;
    history.capacity = scan_history;
    history.next = scan_history == 0 ? 0 : kept % scan_history;
}

const char* outcome_of(const ScanRecord* record) {
    if (record->sqlstate != 0) {
        return "failed";
    }
    return record->is_complete ? "complete" : "stopped";
}

/// The columns of penstock.session_scans(), in its order.
enum ScanColumn {
    kNumber,
    kStartedAt,
    kConnection,
    kTable,
    kPlugin,
    kColumns,
    kColumnCount,
    kExactQuals,
    kSupersetQuals,
    kLocalQuals,
    kRowTarget,
    kRequests,
    kRows,
    kBytes,
    kSourceBytes,
    kBlocks,
    kCacheHit,
    kFirstRowMs,
    kTotalMs,
    kOutcome,
    kSqlstate,
    kScanColumnCount,
};

struct Row {
    Datum values[kScanColumnCount];
    bool nulls[kScanColumnCount];

    void set(ScanColumn column, Datum value, bool is_null = false) {
        values[column] = value;
        nulls[column] = is_null;
    }
    void set_text(ScanColumn column, const char* text) {
        set(column, text == nullptr ? Datum(0) : CStringGetTextDatum(text), text == nullptr);
    }
    void set_array(ScanColumn column, const ArrayType* array) {
        set(column, PointerGetDatum(array), array == nullptr);
    }
};

void fill_row(Row* row, const ScanRecord* record) {
    row->set(kNumber, Int64GetDatum(record->number));
    row->set(kStartedAt, TimestampTzGetDatum(record->started_at));
    row->set_text(kConnection, record->connection);
    row->set_text(kTable, record->table);
    row->set_text(kPlugin, record->plugin);
    row->set_array(kColumns, record->columns);
    row->set(kColumnCount, Int32GetDatum(record->column_count));
    row->set_array(kExactQuals, record->exact_quals);
    row->set_array(kSupersetQuals, record->superset_quals);
    row->set_array(kLocalQuals, record->local_quals);
    row->set(kRowTarget, Int64GetDatum(record->row_target), record->row_target == 0);
    row->set(kRequests, Int64GetDatum(record->requests));
    row->set(kRows, Int64GetDatum(record->rows));
    row->set(kBytes, Int64GetDatum(record->bytes));
    row->set(kSourceBytes, Int64GetDatum(record->source_bytes), record->source_bytes == 0);
    row->set(kBlocks, Int64GetDatum(record->blocks));
    row->set(kCacheHit, BoolGetDatum(record->is_cached), !record->is_complete);
    row->set(kFirstRowMs, Float8GetDatum(record->first_row_ms), record->first_row_ms < 0);
    row->set(kTotalMs,
             Float8GetDatum(static_cast<double>(record->ended_at - record->started_at) / 1000.0));
    row->set_text(kOutcome, outcome_of(record));
    row->set_text(kSqlstate, record->sqlstate == 0 ? nullptr : unpack_sql_state(record->sqlstate));
}

} // namespace

void make_scan_record(ScanRecord** owner) {
    resize_history();
    if (scan_history == 0) {
        return;
    }
    MemoryContext memory =
        AllocSetContextCreate(TopMemoryContext, "Penstock scan record", ALLOCSET_SMALL_SIZES);
    auto* record = static_cast<ScanRecord*>(MemoryContextAllocExtended(
        memory, sizeof(ScanRecord), MCXT_ALLOC_NO_OOM | MCXT_ALLOC_ZERO));
    if (record == nullptr) {
        MemoryContextDelete(memory);
        return; // the scan itself may still have the memory that it needs
    }
    record->memory = memory;
    record->user = GetUserId();
    record->started_at = GetCurrentTimestamp();
    record->first_row_ms = -1;
    *owner = record;
}

void keep_scan(ScanRecord* record) noexcept {
    if (history.capacity == 0) {
        forget(record);
        return;
    }
    record->number = ++history.last_number;
    forget(history.records[history.next]);
    history.records[history.next] = record;
    history.next = (history.next + 1) % history.capacity;
}

ArrayType* make_text_array(List* texts) {
    auto* datums =
        static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(Max(list_length(texts), 1))));
    ListCell* cell = nullptr;
    foreach (cell, texts) {
        datums[foreach_current_index(cell)] =
            CStringGetTextDatum(static_cast<const char*>(lfirst(cell)));
    }
    return construct_array(datums, list_length(texts), TEXTOID, -1, false, TYPALIGN_INT);
}

} // namespace penstock::pg

extern "C" {
PG_FUNCTION_INFO_V1(penstock_session_scans);
}

Datum penstock_session_scans(PG_FUNCTION_ARGS) {
    using namespace penstock::pg;
    TupleDesc descriptor = nullptr;
    Tuplestorestate* store = make_result_rows(fcinfo, kScanColumnCount, &descriptor);
    for (int age = 0; age < history.capacity; ++age) {
        const ScanRecord* record = history.records[(history.next + age) % history.capacity];
        if (record == nullptr || !has_privs_of_role(GetUserId(), record->user)) {
            continue; // of a role that this session had for a while, in a function of its, say
        }
        Row row = {};
        fill_row(&row, record);
        tuplestore_putvalues(store, descriptor, row.values, row.nulls);
    }
    return Datum(0);
}
