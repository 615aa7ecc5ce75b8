#pragma once

#include "pg/postgres.hpp"

/// The last scans of this session: what penstock.scan shows. Session memory, bounded by the number
/// of records (penstock.scan_history) and by limits on what is in each.
namespace penstock::pg {

/// Records that are kept: the setting penstock.scan_history. 0 = none are made.
extern int scan_history;

/// One foreign scan from its first request to its end, over all its rescans. Plain old data; it
/// and everything it points to live in `memory`.
struct ScanRecord {
    MemoryContext memory; ///< child of TopMemoryContext
    int64 number;         ///< set by keep_scan
    Oid user;             ///< whose scan it was; others do not see it
    TimestampTz started_at;
    TimestampTz ended_at;
    const char* connection;
    const char* table;
    const char* plugin;
    ArrayType* columns;        ///< text[]: the first names; null = not yet known
    int column_count;          ///< all of them
    ArrayType* exact_quals;    ///< text[], as the plugin got them
    ArrayType* superset_quals; ///< text[], as the plugin got them
    ArrayType* local_quals;    ///< text[], what the server checks (superset ones are among them)
    int64 row_target;          ///< 0 = all rows
    int64 requests;            ///< times that the plugin was asked
    int64 rows;                ///< received, before the server's own conditions
    int64 bytes;
    int64 source_bytes;
    int64 blocks;
    double first_row_ms; ///< -1 = there was none
    bool is_complete;    ///< the plugin's END came
    bool is_cached;      ///< valid when is_complete: the rows of its last request are the cache's
    int sqlstate;        ///< of the error that ended it; 0 = none
};

/// A new, empty record. `owner` gets it at once, so that an error from then on finds it there.
/// Null when no records are kept.
void make_scan_record(ScanRecord** owner);

/// Puts a finished record among the last ones; it belongs to the history from now on. Raises
/// nothing: it is also called while a query is being thrown away.
void keep_scan(ScanRecord* record) noexcept;

/// An array of texts from C strings, in the current context.
ArrayType* make_text_array(List* texts);

} // namespace penstock::pg

extern "C" Datum penstock_session_scans(PG_FUNCTION_ARGS);
