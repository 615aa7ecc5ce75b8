#include "pg/ordering.hpp"

#include "penstock/types/evaluator.hpp"

#include "pg/compat.hpp"

namespace penstock::pg {

namespace {

/// A collation that orders the column's text by bytes: its own if that does.
Oid bytewise_collation(const ColumnInfo* column) {
    if (column->type != TypeId::kText) {
        return InvalidOid;
    }
    return is_c_collation(column->collation) ? column->collation : Oid{C_COLLATION_OID};
}

/// Text under another collation is the same text.
const Expr* strip_relabel(const Expr* expr) {
    while (IsA(expr, RelabelType)) {
        expr = reinterpret_cast<const RelabelType*>(expr)->arg;
    }
    return expr;
}

/// The column that the member of a class is, when it belongs to `rel` alone.
const ColumnInfo* member_column(const RelOptInfo* rel, const TableInfo* table,
                                const EquivalenceMember* member) {
    const Expr* expr = strip_relabel(member->em_expr);
    if (!bms_equal(member->em_relids, rel->relids) || !IsA(expr, Var)) {
        return nullptr;
    }
    const auto* var = reinterpret_cast<const Var*>(expr);
    const bool is_own = static_cast<Index>(var->varno) == rel->relid && var->varlevelsup == 0 &&
                        var->varattno > 0 && var->varattno <= table->column_count;
    const ColumnInfo* column = is_own ? &table->columns[var->varattno - 1] : nullptr;
    return column != nullptr && column->attnum != 0 && column->is_supported &&
                   member->em_datatype == column->type_oid
               ? column
               : nullptr;
}

} // namespace

bool is_plugin_order(const PathKey* key, Oid type, TypeId id) {
    const TypeCacheEntry* entry = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);
    const Oid collation = key->pk_eclass->ec_collation;
    return can_be_ordered(id) && key->pk_opfamily == entry->btree_opf &&
           (id != TypeId::kText || (OidIsValid(collation) && is_c_collation(collation)));
}

bool match_pathkey(const RelOptInfo* rel, const TableInfo* table, const PathKey* key,
                   SortColumn* column) {
    ListCell* cell = nullptr;
    foreach (cell, key->pk_eclass->ec_members) {
        const ColumnInfo* found =
            member_column(rel, table, static_cast<EquivalenceMember*>(lfirst(cell)));
        if (found != nullptr && !key->pk_eclass->ec_has_volatile &&
            is_plugin_order(key, found->type_oid, found->type)) {
            *column = {found->attnum, is_descending(key), key->pk_nulls_first};
            return true;
        }
    }
    return false;
}

PathKey* make_column_pathkey(PlannerInfo* root, RelOptInfo* rel, const TableInfo* table,
                             const SortColumn* sort) {
    const ColumnInfo* column = &table->columns[sort->attnum - 1];
    const TypeCacheEntry* entry = lookup_type_cache(column->type_oid, TYPECACHE_BTREE_OPFAMILY);
    const Oid equality = get_opfamily_member(entry->btree_opf, column->type_oid, column->type_oid,
                                             BTEqualStrategyNumber);
    if (!column->is_supported || !can_be_ordered(column->type) || !OidIsValid(equality)) {
        return nullptr;
    }
    Expr* var = reinterpret_cast<Expr*>(makeVar(static_cast<int>(rel->relid), column->attnum,
                                                column->type_oid, -1, column->collation, 0));
    EquivalenceClass* found =
        find_eclass(root, var, get_mergejoin_opfamilies(equality), column->type_oid,
                    bytewise_collation(column), rel->relids);
    return found == nullptr
               ? nullptr
               : make_canonical_pathkey(root, found, entry->btree_opf,
                                        order_strategy(sort->is_descending), sort->is_nulls_first);
}

PathKey* make_merge_pathkey(PlannerInfo* root, RelOptInfo* rel, const TableInfo* table,
                            EquivalenceClass* eclass, SortColumn* column) {
    ListCell* cell = nullptr;
    foreach (cell, eclass->ec_opfamilies) {
        PathKey* key =
            make_canonical_pathkey(root, eclass, lfirst_oid(cell), order_strategy(false), false);
        if (match_pathkey(rel, table, key, column)) {
            return key;
        }
    }
    return nullptr;
}

bool has_member(const EquivalenceClass* eclass, const Expr* expr) {
    ListCell* cell = nullptr;
    foreach (cell, eclass->ec_members) {
        const auto* member = static_cast<EquivalenceMember*>(lfirst(cell));
        if (!eclass->ec_has_volatile &&
            member->em_datatype == exprType(reinterpret_cast<const Node*>(expr)) &&
            equal(strip_relabel(member->em_expr), strip_relabel(expr))) {
            return true;
        }
    }
    return false;
}

void prepare_sort(const ColumnInfo* column, const SortColumn* sort, SortSupport support) {
    const TypeCacheEntry* entry =
        lookup_type_cache(column->type_oid, TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
    support->ssup_cxt = CurrentMemoryContext;
    support->ssup_collation = bytewise_collation(column);
    support->ssup_nulls_first = sort->is_nulls_first;
    support->ssup_attno = sort->attnum;
    PrepareSortSupportFromOrderingOp(sort->is_descending ? entry->gt_opr : entry->lt_opr, support);
}

} // namespace penstock::pg
