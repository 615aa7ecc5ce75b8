#include "run_scan.hpp"

#include "evaluation.hpp"

namespace penstock {

ScanSummary run_scan(Table& table, ScanRequest request, BlockOutput& output) {
    const ScanPlan plan = plan_scan(std::move(request), table.schema());
    Evaluation evaluation(plan, output);
    RowSink rows(plan.request, table.schema(), evaluation);
    if (!plan.is_never) {
        try {
            table.scan(plan.request, rows);
            rows.finish();
        } catch (...) {
            if (!evaluation.is_complete()) { // else that is how the table was stopped
                throw;
            }
        }
    }
    evaluation.finish();
    return {evaluation.row_count(), rows.source_bytes(), rows.warnings()};
}

} // namespace penstock
