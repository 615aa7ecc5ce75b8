#include "fdw/foreign_stream.hpp"

#include "fdw/callbacks.hpp"
#include "fdw/plan_data.hpp"
#include "pg/table_statistics.hpp"

/// Parallel scans: the table is read in parts, more than there are processes; each process takes
/// one after the other from a counter in shared memory, and has a stream of its own for each.
namespace penstock::fdw {

/// Of one parallel scan, in the query's dynamic shared memory.
struct SharedParts {
    pg_atomic_uint32 next;
    std::uint32_t count;
    pg_atomic_uint64 rows; ///< that workers have received; for EXPLAIN, as the next two
    pg_atomic_uint64 blocks;
    pg_atomic_uint64 bytes;
    pg_atomic_uint32 ended;      ///< parts that were read to their end, without warnings
    pg_atomic_uint64 ended_rows; ///< in these
};

namespace {

/// Parts for each process: enough that one slow part does not keep the others waiting. Chosen: a
/// part costs a request of about 0.1 ms.
constexpr int kPartsOfProcess = 4;

/// All parts together are all rows of the table.
void observe_parts(ForeignScanState* node) {
    const ForeignStream* state = state_of(node);
    if (pg_atomic_read_u32(&state->parts->ended) == state->parts->count &&
        reads_whole_table(plan_of(node))) {
        pg::observe_rows(state->table->relation,
                         static_cast<int64>(pg_atomic_read_u64(&state->parts->ended_rows)));
    }
}

} // namespace

bool take_part(ForeignStream* state) {
    state->part = pg_atomic_fetch_add_u32(&state->parts->next, 1);
    state->reads_parts = true;
    state->took_first_part = state->took_first_part || state->part == 0;
    return state->part < state->parts->count;
}

void end_part(ForeignStream* state) {
    if (!state->session->is_sound()) {
        return;
    }
    pg_atomic_fetch_add_u64(&state->parts->ended_rows,
                            static_cast<int64>(state->session->rows_of_scan()));
    pg_atomic_fetch_add_u32(&state->parts->ended, 1);
}

std::uint32_t part_count_of(const ForeignStream* state) {
    return state->parts->count;
}

} // namespace penstock::fdw

using namespace penstock;
using namespace penstock::fdw;

Size penstock_estimate_dsm_foreign_scan(ForeignScanState*, ParallelContext*) noexcept {
    return sizeof(SharedParts);
}

void penstock_initialize_dsm_foreign_scan(ForeignScanState* node, ParallelContext* context,
                                          void* shared) noexcept {
    ForeignStream* state = state_of(node);
    auto* parts = static_cast<SharedParts*>(shared);
    pg_atomic_init_u32(&parts->next, 0);
    parts->count = static_cast<std::uint32_t>(
        Max(Min(state->table->parts, kPartsOfProcess * (context->nworkers + 1)), 1));
    pg_atomic_init_u64(&parts->rows, 0);
    pg_atomic_init_u64(&parts->blocks, 0);
    pg_atomic_init_u64(&parts->bytes, 0);
    pg_atomic_init_u32(&parts->ended, 0);
    pg_atomic_init_u64(&parts->ended_rows, 0);
    state->parts = parts;
}

void penstock_reinitialize_dsm_foreign_scan(ForeignScanState*, ParallelContext*,
                                            void* shared) noexcept {
    auto* parts = static_cast<SharedParts*>(shared);
    pg_atomic_write_u32(&parts->next, 0);
    pg_atomic_write_u32(&parts->ended, 0);
    pg_atomic_write_u64(&parts->ended_rows, 0);
}

void penstock_initialize_worker_foreign_scan(ForeignScanState* node, shm_toc*,
                                             void* shared) noexcept {
    state_of(node)->parts = static_cast<SharedParts*>(shared);
}

/// Before the shared memory goes: workers leave their counts in it, the leader takes them.
void penstock_shutdown_foreign_scan(ForeignScanState* node) noexcept {
    ForeignStream* state = state_of(node);
    if (state == nullptr || state->parts == nullptr) {
        return;
    }
    SharedParts* parts = state->parts;
    if (IsParallelWorker()) {
        const core::ScanSession* session = state->session;
        pg_atomic_fetch_add_u64(&parts->rows, static_cast<int64>(session->rows_total()));
        pg_atomic_fetch_add_u64(&parts->blocks, static_cast<int64>(session->blocks_total()));
        pg_atomic_fetch_add_u64(&parts->bytes, static_cast<int64>(session->bytes_total()));
    } else {
        state->rows_of_workers = pg_atomic_read_u64(&parts->rows);
        state->blocks_of_workers = pg_atomic_read_u64(&parts->blocks);
        state->bytes_of_workers = pg_atomic_read_u64(&parts->bytes);
        state->part_total = parts->count;
        observe_parts(node);
    }
    close_stream(state);
    state->parts = nullptr;
}
