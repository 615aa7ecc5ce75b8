#pragma once

#include "core/scan_session.hpp"
#include "fdw/foreign_stream.hpp"

#include "pg/scan_history.hpp"

/// Writes down what a scan did, for penstock.scan and penstock.stat_table. A scan has a recorder
/// from its first request on; its end, or the end of its query by an error, puts what it did into
/// the session's history and adds it to the statistics of its table.
namespace penstock::fdw {

/// A scan until its end is recorded. Made by make_owned in the query's context after everything it
/// points to, so it is destroyed before that, also when an error destroys the query.
struct ScanRecorder {
    pg::ScanRecord* record = nullptr; ///< null = none is made, or it was kept
    const ForeignStream* stream = nullptr;
    Oid relation = InvalidOid;
    TimestampTz started_at = 0;
    int64 requests = 0;
    bool is_whole = false; ///< all rows of the table are asked for
    int whole_count = -1;  ///< where the answer counts them instead; -1 = it does not
    bool is_open = false;  ///< its end was not recorded yet
    int sqlstate = 0;      ///< of the last message raised while the scan was at work

    ScanRecorder() noexcept = default;
    ScanRecorder(const ScanRecorder&) = delete;
    ScanRecorder& operator=(const ScanRecorder&) = delete;
    ~ScanRecorder();
};

/// Notes that the plugin is about to be asked with these conditions (null: it need not be asked).
void record_request(ForeignScanState* node, const core::QualSpec* quals, std::size_t qual_count);

/// The scan is over. Also for one that has no record.
void record_end(ForeignStream* stream);

/// Between these two an error is the scan's own. `watch` must live until the second, which an error
/// makes unnecessary.
void watch_errors(ErrorContextCallback* watch, ForeignStream* stream);
void unwatch_errors(const ErrorContextCallback* watch);

} // namespace penstock::fdw
