#include "fdw/estimates.hpp"

#include "fdw/callbacks.hpp"
#include "fdw/rel_state.hpp"

/// The hints of plugins as the planner reads them. A column that the plugin promises to be unique
/// gets an index that does not exist: foreign tables are never read through one, but joins,
/// DISTINCT and estimates look for it. A number of different values becomes a row of statistics,
/// unless ANALYZE made a real one.
namespace penstock::fdw {
namespace {

get_relation_info_hook_type previous_info_hook = nullptr;
get_relation_stats_hook_type previous_stats_hook = nullptr;

bool is_ours(const RelOptInfo* rel) {
    return rel->fdwroutine != nullptr &&
           rel->fdwroutine->GetForeignPaths == penstock_get_foreign_paths;
}

/// The promise is about bytes: under a collation that takes other bytes for equal it says nothing.
bool is_unique(const pg::ColumnInfo* column, Oid collation) {
    return column->attnum != 0 && column->is_unique &&
           (!OidIsValid(collation) || get_collation_isdeterministic(collation));
}

template <typename T>
T* array_of_one(T value) {
    auto* array = static_cast<T*>(palloc(sizeof(T)));
    *array = value;
    return array;
}

/// A hypothetical unique index on one column; nullptr when its type has no order.
IndexOptInfo* make_unique_index(RelOptInfo* rel, const pg::ColumnInfo* column, Oid collation) {
    const TypeCacheEntry* type = lookup_type_cache(column->type_oid, TYPECACHE_BTREE_OPFAMILY);
    if (!OidIsValid(type->btree_opf)) {
        return nullptr;
    }
    auto* index = makeNode(IndexOptInfo);
    index->rel = rel;
    index->reltablespace = rel->reltablespace;
    index->pages = 1;
    index->tuples = rel->tuples;
    index->ncolumns = index->nkeycolumns = 1;
    index->indexkeys = array_of_one<int>(column->attnum);
    index->indexcollations = array_of_one(collation);
    index->opfamily = array_of_one(type->btree_opf);
    index->opcintype = array_of_one(type->btree_opintype);
    index->canreturn = array_of_one(false);
    index->relam = BTREE_AM_OID;
    Var* var =
        makeVar(static_cast<int>(rel->relid), column->attnum, column->type_oid, -1, collation, 0);
    index->indextlist =
        list_make1(makeTargetEntry(reinterpret_cast<Expr*>(var), 1, nullptr, false));
    index->unique = index->immediate = index->hypothetical = true;
    return index;
}

void add_unique_columns(PlannerInfo* root, Oid relation, bool is_parent, RelOptInfo* rel) noexcept {
    if (previous_info_hook != nullptr) {
        previous_info_hook(root, relation, is_parent, rel);
    }
    if (is_parent || !is_ours(rel)) {
        return; // with the rows of its children a value may be there twice
    }
    const pg::TableInfo* table = read_rel_table(rel, relation);
    for (int index = 0; index < table->column_count; ++index) {
        const pg::ColumnInfo* column = &table->columns[index];
        const Oid collation = column->attnum != 0 ? get_typcollation(column->type_oid) : InvalidOid;
        if (!is_unique(column, collation)) {
            continue;
        }
        IndexOptInfo* unique = make_unique_index(rel, column, collation);
        if (unique != nullptr) {
            rel->indexlist = lappend(rel->indexlist, unique);
        }
    }
}

bool has_statistics(Oid relation, AttrNumber attnum, bool is_inherited) {
    return SearchSysCacheExists3(STATRELATTINH, ObjectIdGetDatum(relation), Int16GetDatum(attnum),
                                 BoolGetDatum(is_inherited));
}

/// A row of pg_statistic that says how many different values there are, and nothing else.
HeapTuple make_statistics(const RelOptInfo* rel, Oid relation, const pg::ColumnInfo* column) {
    Datum values[Natts_pg_statistic] = {};
    bool nulls[Natts_pg_statistic] = {};
    // As ANALYZE does: a number that grows with the table is written as a share of its rows.
    const bool is_share = column->is_unique || column->distinct > 0.1 * rel->tuples;
    const double share = column->is_unique ? 1 : Min(column->distinct / Max(rel->tuples, 1), 1);
    values[Anum_pg_statistic_starelid - 1] = ObjectIdGetDatum(relation);
    values[Anum_pg_statistic_staattnum - 1] = Int16GetDatum(column->attnum);
    values[Anum_pg_statistic_stainherit - 1] = BoolGetDatum(false);
    values[Anum_pg_statistic_stanullfrac - 1] = Float4GetDatum(0);
    values[Anum_pg_statistic_stawidth - 1] = Int32GetDatum(get_typavgwidth(column->type_oid, -1));
    values[Anum_pg_statistic_stadistinct - 1] =
        Float4GetDatum(static_cast<float4>(is_share ? -share : column->distinct));
    for (int slot = 0; slot < STATISTIC_NUM_SLOTS; ++slot) {
        values[Anum_pg_statistic_stakind1 - 1 + slot] = Int16GetDatum(0);
        values[Anum_pg_statistic_staop1 - 1 + slot] = ObjectIdGetDatum(InvalidOid);
        values[Anum_pg_statistic_stacoll1 - 1 + slot] = ObjectIdGetDatum(InvalidOid);
        nulls[Anum_pg_statistic_stanumbers1 - 1 + slot] = true;
        nulls[Anum_pg_statistic_stavalues1 - 1 + slot] = true;
    }
    Relation catalog = table_open(StatisticRelationId, AccessShareLock);
    HeapTuple tuple = heap_form_tuple(RelationGetDescr(catalog), values, nulls);
    table_close(catalog, AccessShareLock);
    return tuple;
}

bool give_statistics(PlannerInfo* root, RangeTblEntry* entry, AttrNumber attnum,
                     VariableStatData* data) noexcept {
    if (previous_stats_hook != nullptr && previous_stats_hook(root, entry, attnum, data)) {
        return true;
    }
    if (entry->rtekind != RTE_RELATION || entry->inh || attnum < 1 || data->rel == nullptr ||
        !is_ours(data->rel) || data->rel->fdw_private == nullptr) {
        return false;
    }
    const pg::TableInfo* table = state_of(data->rel)->table;
    if (attnum > table->column_count) {
        return false;
    }
    const pg::ColumnInfo* column = &table->columns[attnum - 1];
    if (column->attnum == 0 || column->distinct <= 0 ||
        has_statistics(entry->relid, attnum, false)) {
        return false;
    }
    data->statsTuple = make_statistics(data->rel, entry->relid, column);
    data->freefunc = heap_freetuple;
    data->acl_ok = true; // everybody may read the options of the table
    return true;
}

} // namespace

void install_estimates() {
    previous_info_hook = get_relation_info_hook;
    get_relation_info_hook = add_unique_columns;
    previous_stats_hook = get_relation_stats_hook;
    get_relation_stats_hook = give_statistics;
}

} // namespace penstock::fdw
