#pragma once

/// Every difference between PostgreSQL 14 and 18 that the code meets, and nothing else. Nothing
/// outside this file (and the include list of postgres.hpp) asks for PG_VERSION_NUM.
#include "pg/lookup_headers.hpp"

#if PG_VERSION_NUM < 140000 || PG_VERSION_NUM >= 190000
#error "Penstock is written for PostgreSQL 14 to 18"
#endif

namespace penstock::pg {

/// What a path costs. `is_forbidden`: taken only when there is no other.
struct PathCost {
    double rows;
    Cost startup;
    Cost total;
    bool is_forbidden;
};

/// 17 added fdw_restrictinfo (only for joins, NIL here), 18 the number of disabled nodes, which
/// counts more than any cost.
inline ForeignPath* make_foreignscan_path(PlannerInfo* root, RelOptInfo* rel, const PathCost& cost,
                                          Relids required_outer) {
#if PG_VERSION_NUM >= 180000
    return create_foreignscan_path(root, rel, nullptr, cost.rows, cost.is_forbidden ? 1000 : 0,
                                   cost.startup, cost.total, NIL, required_outer, nullptr, NIL,
                                   NIL);
#elif PG_VERSION_NUM >= 170000
    return create_foreignscan_path(root, rel, nullptr, cost.rows, cost.startup, cost.total, NIL,
                                   required_outer, nullptr, NIL, NIL);
#else
    return create_foreignscan_path(root, rel, nullptr, cost.rows, cost.startup, cost.total, NIL,
                                   required_outer, nullptr, NIL);
#endif
}

/// 18 names the direction of an order apart from the operators of an access method.
inline bool is_descending(const PathKey* key) {
#if PG_VERSION_NUM >= 180000
    return key->pk_cmptype == COMPARE_GT;
#else
    return key->pk_strategy == BTGreaterStrategyNumber;
#endif
}

inline auto order_strategy(bool is_descending) {
#if PG_VERSION_NUM >= 180000
    return is_descending ? COMPARE_GT : COMPARE_LT;
#else
    return is_descending ? BTGreaterStrategyNumber : BTLessStrategyNumber;
#endif
}

/// The class of what equals `expr`, which belongs to `relids`, or nullptr. 16 dropped the relations
/// that an outer join may set to NULL.
inline EquivalenceClass* find_eclass(PlannerInfo* root, Expr* expr, List* families, Oid type,
                                     Oid collation, Relids relids) {
#if PG_VERSION_NUM >= 160000
    return get_eclass_for_sort_expr(root, expr, families, type, collation, 0, relids, false);
#else
    return get_eclass_for_sort_expr(root, expr, nullptr, families, type, collation, 0, relids,
                                    false);
#endif
}

/// 15 asks nodes whether they project; before, all do.
inline uint32 projecting_node() {
#if PG_VERSION_NUM >= 150000
    return CUSTOMPATH_SUPPORT_PROJECTION;
#else
    return 0;
#endif
}

/// 16 marks the variables that an outer join may set to NULL, so a node that has both kinds of one
/// column cannot tell them apart by our target list; before, they are the same.
#if PG_VERSION_NUM >= 160000
inline constexpr bool kMarksNullableVars = true;
#else
inline constexpr bool kMarksNullableVars = false;
#endif

/// 17 wants the join's conditions beside the path, for the constant ones among them.
inline void set_custom_restrictions(CustomPath* path, List* restrictions) {
#if PG_VERSION_NUM >= 170000
    path->custom_restrictinfo = restrictions;
#else
    (void)path;
    (void)restrictions;
#endif
}

/// The same for a step above the scan, such as grouping.
inline ForeignPath* make_upper_path(PlannerInfo* root, RelOptInfo* rel, PathTarget* target,
                                    const PathCost& cost) {
#if PG_VERSION_NUM >= 180000
    return create_foreign_upper_path(root, rel, target, cost.rows, 0, cost.startup, cost.total, NIL,
                                     nullptr, NIL, NIL);
#elif PG_VERSION_NUM >= 170000
    return create_foreign_upper_path(root, rel, target, cost.rows, cost.startup, cost.total, NIL,
                                     nullptr, NIL, NIL);
#else
    return create_foreign_upper_path(root, rel, target, cost.rows, cost.startup, cost.total, NIL,
                                     nullptr, NIL);
#endif
}

/// The same for a join, without parameters.
inline ForeignPath* make_join_path(PlannerInfo* root, RelOptInfo* rel, const PathCost& cost) {
#if PG_VERSION_NUM >= 180000
    return create_foreign_join_path(root, rel, nullptr, cost.rows, 0, cost.startup, cost.total, NIL,
                                    nullptr, nullptr, NIL, NIL);
#elif PG_VERSION_NUM >= 170000
    return create_foreign_join_path(root, rel, nullptr, cost.rows, cost.startup, cost.total, NIL,
                                    nullptr, nullptr, NIL, NIL);
#else
    return create_foreign_join_path(root, rel, nullptr, cost.rows, cost.startup, cost.total, NIL,
                                    nullptr, nullptr, NIL);
#endif
}

/// The range table entries of a scan that is a step above a table or a join of several. 16 has
/// outer joins among fs_relids.
inline const Bitmapset* scanned_entries(const ForeignScan* plan) {
#if PG_VERSION_NUM >= 160000
    return plan->fs_base_relids;
#else
    return plan->fs_relids;
#endif
}

/// The range table entry of the table that is scanned, also by a step above its scan; of a join the
/// first one.
inline Index scanned_entry(ForeignScanState* node) {
    const ForeignScan* plan = castNode(ForeignScan, node->ss.ps.plan);
    return plan->scan.scanrelid > 0
               ? plan->scan.scanrelid
               : static_cast<Index>(bms_next_member(scanned_entries(plan), -1));
}

inline Oid scanned_table(ForeignScanState* node) {
    return exec_rt_fetch(scanned_entry(node), node->ss.ps.state)->relid;
}

/// The role whose rights a scan runs with: a view's owner, or the user. All tables of a join have
/// the same. Moved in 16.
inline Oid scan_user(ForeignScanState* node) {
    Oid user = InvalidOid;
#if PG_VERSION_NUM >= 160000
    user = castNode(ForeignScan, node->ss.ps.plan)->checkAsUser;
#else
    user = exec_rt_fetch(scanned_entry(node), node->ss.ps.state)->checkAsUser;
#endif
    return OidIsValid(user) ? user : GetUserId();
}

/// The number of a wait event that pg_stat_activity shows: names since 17, "Extension" before.
inline uint32 wait_event(const char* name) {
#if PG_VERSION_NUM >= 170000
    return WaitEventExtensionNew(name);
#else
    (void)name;
    return PG_WAIT_EXTENSION;
#endif
}

/// Does this collation order by bytes? The function went away in 18.
inline bool is_c_collation(Oid collation) {
#if PG_VERSION_NUM >= 180000
    return pg_newlocale_from_collation(collation)->collate_is_c;
#else
    return lc_collate_is_c(collation);
#endif
}

/// A random fraction from a sample's own state, which is a struct since 15.
inline double random_fraction(ReservoirStateData* state) {
#if PG_VERSION_NUM >= 150000
    return sampler_random_fract(&state->randstate);
#else
    return sampler_random_fract(state->randstate);
#endif
}

/// Where a long ANALYZE rests, and may be cancelled.
inline void rest_in_analyze() {
#if PG_VERSION_NUM >= 180000
    vacuum_delay_point(true);
#else
    vacuum_delay_point();
#endif
}

/// Calls `request`, which asks for shared memory and locks, when the server takes such wishes:
/// while libraries are preloaded, from 15 on in a hook after all of them.
inline void on_shared_memory_request(void (*request)()) {
#if PG_VERSION_NUM >= 150000
    static void (*wish)() = nullptr;
    static shmem_request_hook_type next_hook = nullptr;
    wish = request;
    next_hook = shmem_request_hook;
    shmem_request_hook = [] {
        if (next_hook != nullptr) {
            next_hook();
        }
        wish();
    };
#else
    request();
#endif
}

/// MarkGUCPrefixReserved replaced EmitWarningsOnPlaceholders in 15.
inline void reserve_setting_prefix(const char* prefix) {
#if PG_VERSION_NUM >= 150000
    MarkGUCPrefixReserved(prefix);
#else
    EmitWarningsOnPlaceholders(prefix);
#endif
}

/// Visits the children of a raw parse node; 16 made a macro of it that casts the walker itself.
inline bool walk_raw_tree(Node* node, bool (*visit)(Node*, void*), void* context) {
#if PG_VERSION_NUM >= 160000
    return raw_expression_tree_walker_impl(node, visit, context);
#else
    const auto any = reinterpret_cast<void (*)()>(visit); // the one type that fits them all
    return raw_expression_tree_walker(node, reinterpret_cast<bool (*)()>(any), context);
#endif
}

/// May the current user look for names in this schema? One function for all classes since 16.
inline bool may_use_schema(Oid schema) {
#if PG_VERSION_NUM >= 160000
    return object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
#else
    return pg_namespace_aclcheck(schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
#endif
}

/// 18 asks whether a deferrable key counts.
inline Oid primary_key_of(Relation relation) {
#if PG_VERSION_NUM >= 180000
    return RelationGetPrimaryKeyIndex(relation, false);
#else
    return RelationGetPrimaryKeyIndex(relation);
#endif
}

/// Does this backend hold the lock in this mode? 17 asks whether a stronger one counts.
inline bool is_lock_held(const LOCKTAG* tag, LOCKMODE mode) {
#if PG_VERSION_NUM >= 170000
    return LockHeldByMe(tag, mode, false);
#else
    return LockHeldByMe(tag, mode);
#endif
}

/// A timeout that comes again every `ms` until it is disabled; 14 has none, there it comes once.
inline void enable_repeated_timeout(TimeoutId id, int ms) {
#if PG_VERSION_NUM >= 150000
    enable_timeout_every(id, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms), ms);
#else
    enable_timeout_after(id, ms);
#endif
}

} // namespace penstock::pg
