#include "fdw/callbacks.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(penstock_fdw_handler);
}

/// penstock.penstock_fdw_handler(): the table of callbacks.
Datum penstock_fdw_handler(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    FdwRoutine* routine = makeNode(FdwRoutine);
    routine->GetForeignRelSize = penstock_get_foreign_rel_size;
    routine->GetForeignPaths = penstock_get_foreign_paths;
    routine->GetForeignJoinPaths = penstock_get_foreign_join_paths;
    routine->GetForeignPlan = penstock_get_foreign_plan;
    routine->GetForeignUpperPaths = penstock_get_foreign_upper_paths;
    routine->RecheckForeignScan = penstock_recheck_foreign_scan;
    routine->BeginForeignScan = penstock_begin_foreign_scan;
    routine->IterateForeignScan = penstock_iterate_foreign_scan;
    routine->ReScanForeignScan = penstock_rescan_foreign_scan;
    routine->EndForeignScan = penstock_end_foreign_scan;
    routine->IsForeignScanParallelSafe = penstock_is_foreign_scan_parallel_safe;
    routine->EstimateDSMForeignScan = penstock_estimate_dsm_foreign_scan;
    routine->InitializeDSMForeignScan = penstock_initialize_dsm_foreign_scan;
    routine->ReInitializeDSMForeignScan = penstock_reinitialize_dsm_foreign_scan;
    routine->InitializeWorkerForeignScan = penstock_initialize_worker_foreign_scan;
    routine->ShutdownForeignScan = penstock_shutdown_foreign_scan;
    routine->IsForeignPathAsyncCapable = penstock_is_foreign_path_async_capable;
    routine->ForeignAsyncRequest = penstock_foreign_async_request;
    routine->ForeignAsyncConfigureWait = penstock_foreign_async_configure_wait;
    routine->ForeignAsyncNotify = penstock_foreign_async_notify;
    routine->ExplainForeignScan = penstock_explain_foreign_scan;
    routine->AnalyzeForeignTable = penstock_analyze_foreign_table;
    routine->ImportForeignSchema = penstock_import_foreign_schema;
    PG_RETURN_POINTER(routine);
}
