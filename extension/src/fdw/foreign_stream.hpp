#pragma once

#include "core/scan_session.hpp"

#include "pg/conversion.hpp"
#include "pg/table.hpp"
#include "pg/wait.hpp"

/// The stream of one foreign scan: from its request to its last row, without ever waiting
/// (advance_stream, receive_some) or waiting until it got on (open_stream).
namespace penstock::fdw {

struct GroupedAnswer;
struct OrderCheck;
struct JoinScan;
struct ScanRecorder;

struct SharedParts;

enum class Stage : std::uint8_t {
    kIdle,       ///< nothing was asked
    kEmpty,      ///< a condition compares with NULL: no rows, the plugin is not asked
    kQueued,     ///< the request is made; too many others of the same Append are running
    kConnecting, ///< nobody listened yet
    kSending,
    kReceiving,
};

/// Streams of one Append that run at the same time: a thread of the plugin each, and a descriptor.
struct AsyncGroup {
    int running;
};

/// Execution state of one foreign scan: ForeignScanState.fdw_state, null under plain EXPLAIN.
/// Plain old data in the query's context; the C++ objects in it are owned by that context.
struct ForeignStream {
    pg::TableInfo* table;      ///< of a join the first one
    JoinScan* join;            ///< null = a scan of the table
    core::ColumnSpec* columns; ///< of the request
    int column_count;
    GroupedAnswer* answer;         ///< of a grouped request; null = the rows are the table's
    OrderCheck* order;             ///< of a plan that relies on an order; else null
    pg::RowConverter* converter;   ///< null = rows are used as they come
    List* expressions;             ///< ExprStates of fdw_exprs
    MemoryContext request_context; ///< values of the conditions; reset by each (re)start
    core::ScanSession* session;
    pg::Socket* socket;
    pg::Socket* timer;      ///< of an async scan that has to try again later
    ScanRecorder* recorder; ///< null before the first request
    Stage stage;
    bool was_read;        ///< since the request was made
    bool may_wait;        ///< false while an Append asks asynchronously
    bool is_waiting;      ///< the last call for a row ended because it must not wait
    AsyncGroup* group;    ///< of its Append; null = not async
    bool is_counted;      ///< in group->running
    SharedParts* parts;   ///< of a parallel scan, in shared memory; null = the whole table is read
    std::uint32_t part;   ///< that is read, or was last
    bool reads_parts;     ///< of a parallel scan; stays when `parts` is gone
    bool took_first_part; ///< one process of each parallel scan does
    std::uint64_t rows_of_workers; ///< for EXPLAIN, when the scan is over; and the next two
    std::uint64_t blocks_of_workers;
    std::uint64_t bytes_of_workers;
    std::uint32_t part_total; ///< parts of the parallel scan that is over
    Datum batch;              ///< array: the keys that the key batch join above asks for now
    Oid batch_element;        ///< its element type; invalid = the scan is not below such a join
    bool is_batch_new;        ///< since the request was made
    TimestampTz started_at;
    TimestampTz connecting_since; ///< kConnecting: of try_connect()
    double first_row_ms; ///< from the request to the first block of the first scan; -1 = none
};

inline ForeignStream* state_of(ForeignScanState* node) {
    return static_cast<ForeignStream*>(node->fdw_state);
}
inline ForeignScan* plan_of(ForeignScanState* node) {
    return castNode(ForeignScan, node->ss.ps.plan);
}

/// The columns of the request: palloc'd, in the order of the plan. Raises when one is gone.
/// `is_grouped`: they are keys of groups, delivered in this order.
core::ColumnSpec* make_columns(const pg::TableInfo* table, List* attnums, bool is_grouped);

/// Evaluates the conditions and makes the request, in the current context.
/// False: one of them can never be true, so there are no rows.
bool open_request(ForeignScanState* node);

/// What messages call that which is scanned: a table, or the tables of a join.
const char* name_of(const ForeignStream* state);

/// Closes the stream and raises the session's error.
[[noreturn]] void raise_session_error(ForeignStream* state);

/// From kIdle to kConnecting, or to kEmpty.
void prepare_stream(ForeignScanState* node);

/// From kConnecting towards kReceiving, as far as it goes without waiting. True: it is there.
bool advance_stream(ForeignStream* state);

/// The same, waiting.
void open_stream(ForeignStream* state);

/// Receives once; only in kReceiving. `may_wait` = false: kNeedBytes when nothing is there yet.
/// Raises on any failure.
core::ScanSession::Event receive_some(ForeignStream* state, bool may_wait);

/// Takes the next part of a parallel scan. False: all are taken.
bool take_part(ForeignStream* state);
/// The last row of a part was read.
void end_part(ForeignStream* state);
/// How many parts there are.
std::uint32_t part_count_of(const ForeignStream* state);

/// Gives the scan below a key batch join its next keys; the caller rescans it then. `array` must
/// live until the last row.
void set_batch(ForeignScanState* node, Datum array, Oid element_type);

/// Back to kIdle, wherever it is; in the middle of a stream that is the cancel.
void close_stream(ForeignStream* state);

/// The END frame came: gives the socket back early, shows what the plugin wants to be seen.
void finish_stream(ForeignStream* state);

} // namespace penstock::fdw
