#include "run_scan.hpp"

#include "cached_table.hpp"
#include "evaluation.hpp"

namespace penstock {

namespace {

/// The table's rows into `output`.
ScanSummary read_table(Table& table, const ScanRequest& request, BlockOutput& output) {
    RowSink rows(request, table.schema(), output);
    table.scan(request, rows);
    rows.finish();
    return {rows.row_count(), rows.source_bytes(), rows.warnings()};
}

/// The same, from the cache when that has them, and into it when it has not.
ScanSummary read_cached(Table& table, const ScanRequest& request, Evaluation& output,
                        const CacheUse& use) {
    const BlockCache::Answer answer =
        use.cache->find(request, use.epoch, [&] { return output.is_cancelled(); });
    if (answer.scan != nullptr) {
        const auto age = std::chrono::steady_clock::now() - answer.scan->read_at;
        replay(*answer.scan, request.columns, output);
        return {0, 0, {}, std::chrono::duration_cast<std::chrono::milliseconds>(age)};
    }
    if (answer.fetch == nullptr) {
        return read_table(table, request, output);
    }
    RecordingOutput recorder(*answer.fetch, request.columns, output);
    ScanSummary summary = read_table(table, request, recorder);
    if (summary.warnings.empty()) { // else it may be a part
        recorder.finish();
    }
    return summary;
}

} // namespace

ScanSummary run_scan(Table& table, ScanRequest request, BlockOutput& output, const CacheUse& use) {
    const ScanPlan plan = plan_scan(std::move(request), table.schema());
    Evaluation evaluation(plan, output);
    ScanSummary summary;
    if (!plan.is_never) {
        try {
            summary = use.cache != nullptr ? read_cached(table, plan.request, evaluation, use)
                                           : read_table(table, plan.request, evaluation);
        } catch (...) {
            if (!evaluation.is_complete()) { // else that is how the table was stopped
                throw;
            }
        }
    }
    evaluation.finish();
    summary.row_count = evaluation.row_count();
    return summary;
}

} // namespace penstock
