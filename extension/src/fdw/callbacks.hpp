#pragma once

#include "pg/compat.hpp"

/// The callbacks of the foreign data wrapper, named after the members of FdwRoutine, in the order
/// PostgreSQL calls them. All noexcept: nothing but a PostgreSQL error leaves them.
extern "C" {
// paths.cpp
void penstock_get_foreign_rel_size(PlannerInfo* root, RelOptInfo* rel, Oid relation) noexcept;
void penstock_get_foreign_paths(PlannerInfo* root, RelOptInfo* rel, Oid relation) noexcept;
// join_paths.cpp
void penstock_get_foreign_join_paths(PlannerInfo* root, RelOptInfo* rel, RelOptInfo* outer,
                                     RelOptInfo* inner, JoinType type,
                                     JoinPathExtraData* extra) noexcept;
// plan.cpp
ForeignScan* penstock_get_foreign_plan(PlannerInfo* root, RelOptInfo* rel, Oid relation,
                                       ForeignPath* path, List* tlist, List* scan_clauses,
                                       Plan* outer_plan) noexcept;
// upper_paths.cpp
void penstock_get_foreign_upper_paths(PlannerInfo* root, UpperRelationKind stage, RelOptInfo* input,
                                      RelOptInfo* output, void* extra) noexcept;
// scan.cpp
void penstock_begin_foreign_scan(ForeignScanState* node, int eflags) noexcept;
TupleTableSlot* penstock_iterate_foreign_scan(ForeignScanState* node) noexcept;
bool penstock_recheck_foreign_scan(ForeignScanState* node, TupleTableSlot* slot) noexcept;
void penstock_rescan_foreign_scan(ForeignScanState* node) noexcept;
void penstock_end_foreign_scan(ForeignScanState* node) noexcept;
bool penstock_is_foreign_scan_parallel_safe(PlannerInfo* root, RelOptInfo* rel,
                                            RangeTblEntry* entry) noexcept;
// parallel.cpp
Size penstock_estimate_dsm_foreign_scan(ForeignScanState* node, ParallelContext* context) noexcept;
void penstock_initialize_dsm_foreign_scan(ForeignScanState* node, ParallelContext* context,
                                          void* shared) noexcept;
void penstock_reinitialize_dsm_foreign_scan(ForeignScanState* node, ParallelContext* context,
                                            void* shared) noexcept;
void penstock_initialize_worker_foreign_scan(ForeignScanState* node, shm_toc* toc,
                                             void* shared) noexcept;
void penstock_shutdown_foreign_scan(ForeignScanState* node) noexcept;
// async.cpp
bool penstock_is_foreign_path_async_capable(ForeignPath* path) noexcept;
void penstock_foreign_async_request(AsyncRequest* request) noexcept;
void penstock_foreign_async_configure_wait(AsyncRequest* request) noexcept;
void penstock_foreign_async_notify(AsyncRequest* request) noexcept;
// explain.cpp
void penstock_explain_foreign_scan(ForeignScanState* node, ExplainState* state) noexcept;
// analyze.cpp
bool penstock_analyze_foreign_table(Relation relation, AcquireSampleRowsFunc* acquire,
                                    BlockNumber* pages) noexcept;
// import_schema.cpp
List* penstock_import_foreign_schema(ImportForeignSchemaStmt* statement, Oid server) noexcept;
}
