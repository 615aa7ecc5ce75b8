#pragma once

#include "core/scan_session.hpp"

#include "pg/table.hpp"
#include "pg/wait.hpp"

namespace penstock::fdw {

struct ScanRecorder;

/// Execution state of one foreign scan: ForeignScanState.fdw_state, null under plain EXPLAIN.
/// Plain old data in the query's context; the C++ objects in it are owned by that context.
struct ForeignStream {
    pg::TableInfo* table;
    core::ColumnSpec* columns;     ///< of the request
    List* expressions;             ///< ExprStates of fdw_exprs
    MemoryContext request_context; ///< values of the conditions; reset by each (re)start
    core::ScanSession* session;
    pg::Socket* socket;
    ScanRecorder* recorder; ///< null before the first request
    bool is_started;
    bool is_empty; ///< a condition compares with NULL: no rows, the plugin is not asked
    TimestampTz started_at;
    double first_row_ms; ///< from the request to the first block of the first scan; -1 = none
};

} // namespace penstock::fdw
