#pragma once

#include "pg/postgres.hpp"

/// Cumulative statistics of foreign tables: what penstock.stat_table shows. Shared memory of a
/// fixed size, there only when the library is in shared_preload_libraries; empty when the server
/// starts. A table is entered by its first scan; where there is no room the one that was scanned
/// longest ago is forgotten.
namespace penstock::pg {

/// Tables that there is room for: the setting penstock.stat_table_max.
extern int stat_table_max;

/// Observed rows that nobody has observed.
inline constexpr int64 kNotObserved = -1;

/// What one scan, or one process of a parallel one, adds to its table.
struct ScanCounts {
    bool is_scan; ///< false: another process of the same scan counts it
    bool is_cached;
    bool is_failed;
    bool is_cancelled; ///< by the user, a timeout or the end of the session
    int64 requests;
    int64 rows;
    int64 bytes;
    int64 source_bytes;
    double first_row_ms; ///< -1 = there was none
    double total_ms;
    int64 observed_rows; ///< of the whole table, or kNotObserved
    TimestampTz ended_at;
};

/// The sums of one table.
struct TableStatistics {
    int64 scans;
    int64 cached_scans;
    int64 errors;
    int64 cancelled;
    int64 requests;
    int64 rows;
    int64 bytes;
    int64 source_bytes;
    int64 first_rows; ///< scans that `first_row_ms` is the sum of
    double first_row_ms;
    double total_ms;
    double longest_ms;
    TimestampTz last_scan; ///< 0 = none since the reset
    TimestampTz since;     ///< reset, or entered
    int64 observed_rows;   ///< or kNotObserved
    TimestampTz observed_at;
};

/// One table as a reader gets it.
struct TableStatisticsRow {
    Oid relation;
    TableStatistics statistics;
};

/// The state of the shared memory as a whole.
struct StatisticsRoom {
    int64 tables;
    int64 evicted; ///< forgotten for want of room, since the server was started
};

/// Asks for the shared memory. To be called by _PG_init, after the settings are there.
void install_table_statistics();

/// Is there shared memory for them?
bool has_table_statistics();

/// Adds a scan that is over. Raises nothing: it is also called while a query is being thrown away.
void add_scan(Oid relation, const ScanCounts& counts) noexcept;

/// A whole scan of the table gave this many rows.
void observe_rows(Oid relation, int64 rows) noexcept;

/// Rows of the last scan of the whole table, or kNotObserved.
int64 observed_rows(Oid relation);

/// Calls `visit` for each table of this database; `visit` may raise. Tables that are gone from the
/// catalogs are forgotten.
void read_table_statistics(void (*visit)(const TableStatisticsRow* row, void* context),
                           void* context);

/// Starts anew with one table, or with all of this database (InvalidOid).
void reset_table_statistics(Oid relation);

StatisticsRoom read_statistics_room();

} // namespace penstock::pg
