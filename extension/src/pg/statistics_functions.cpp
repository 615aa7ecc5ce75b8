#include "pg/boundary.hpp"
#include "pg/result_rows.hpp"
#include "pg/table_statistics.hpp"

/// The SQL functions behind penstock.stat_table.

extern "C" {
PG_FUNCTION_INFO_V1(penstock_table_statistics);
PG_FUNCTION_INFO_V1(penstock_statistics_room);
PG_FUNCTION_INFO_V1(penstock_stat_reset);
}

namespace penstock::pg {
namespace {

/// The columns of penstock.table_statistics(), in its order.
enum Column {
    kRelation,
    kScans,
    kCachedScans,
    kErrors,
    kCancelled,
    kRequests,
    kRows,
    kBytes,
    kSourceBytes,
    kMeanFirstRowMs,
    kTotalMs,
    kMaxMs,
    kLastScan,
    kObservedRows,
    kObservedAt,
    kStatsReset,
    kColumnCount,
};

struct Output {
    Tuplestorestate* store;
    TupleDesc descriptor;
};

void check_there() {
    if (!has_table_statistics()) {
        raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
              "penstock must be loaded via \"shared_preload_libraries\"",
              "Statistics of tables are kept in shared memory, which a server gives out at its "
              "start.",
              "Add penstock to \"shared_preload_libraries\" and restart the server.");
    }
}

/// Whoever may read a column of the table, or everybody's statistics.
bool may_see(Oid relation) {
    bool is_gone = false;
    const Oid user = GetUserId();
    return has_privs_of_role(user, ROLE_PG_READ_ALL_STATS) ||
           pg_class_aclcheck_ext(relation, user, ACL_SELECT, &is_gone) == ACLCHECK_OK ||
           pg_attribute_aclcheck_all(relation, user, ACL_SELECT, ACLMASK_ANY) == ACLCHECK_OK;
}

void put_row(const TableStatisticsRow* row, void* context) {
    if (!may_see(row->relation)) {
        return;
    }
    const TableStatistics* sums = &row->statistics;
    Datum values[kColumnCount] = {
        ObjectIdGetDatum(row->relation),
        Int64GetDatum(sums->scans),
        Int64GetDatum(sums->cached_scans),
        Int64GetDatum(sums->errors),
        Int64GetDatum(sums->cancelled),
        Int64GetDatum(sums->requests),
        Int64GetDatum(sums->rows),
        Int64GetDatum(sums->bytes),
        Int64GetDatum(sums->source_bytes),
        Float8GetDatum(sums->first_row_ms / static_cast<double>(Max(sums->first_rows, 1))),
        Float8GetDatum(sums->total_ms),
        Float8GetDatum(sums->longest_ms),
        TimestampTzGetDatum(sums->last_scan),
        Int64GetDatum(sums->observed_rows),
        TimestampTzGetDatum(sums->observed_at),
        TimestampTzGetDatum(sums->since),
    };
    bool nulls[kColumnCount] = {};
    nulls[kMeanFirstRowMs] = sums->first_rows == 0;
    nulls[kLastScan] = sums->last_scan == 0;
    nulls[kObservedRows] = nulls[kObservedAt] = sums->observed_rows == kNotObserved;
    auto* output = static_cast<Output*>(context);
    tuplestore_putvalues(output->store, output->descriptor, values, nulls);
}

} // namespace
} // namespace penstock::pg

using namespace penstock::pg;

/// penstock.table_statistics() returns setof record
Datum penstock_table_statistics(PG_FUNCTION_ARGS) {
    check_there();
    Output output = {};
    output.store = make_result_rows(fcinfo, kColumnCount, &output.descriptor);
    read_table_statistics(put_row, &output);
    return Datum(0);
}

/// penstock.statistics_room(out tables bigint, out max_tables bigint, out evicted bigint)
Datum penstock_statistics_room(PG_FUNCTION_ARGS) {
    check_there();
    TupleDesc descriptor = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE ||
        descriptor->natts != 3) {
        raise(ERRCODE_FEATURE_NOT_SUPPORTED, "function called where it cannot return a row",
              nullptr, nullptr);
    }
    const StatisticsRoom room = read_statistics_room();
    Datum values[] = {Int64GetDatum(room.tables), Int64GetDatum(stat_table_max),
                      Int64GetDatum(room.evicted)};
    bool nulls[] = {false, false, false};
    HeapTuple tuple = heap_form_tuple(BlessTupleDesc(descriptor), values, nulls);
    return HeapTupleGetDatum(tuple);
}

/// penstock.stat_reset(foreign_table regclass default null) returns void
Datum penstock_stat_reset(PG_FUNCTION_ARGS) {
    check_there();
    reset_table_statistics(PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0));
    PG_RETURN_VOID();
}
