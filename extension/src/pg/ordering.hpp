#pragma once

#include "pg/table.hpp"

/// Which orders of rows a plugin can keep: by plain columns, as the default operators of their
/// types have it, and text byte by byte.
namespace penstock::pg {

/// The column of `rel`'s table that the pathkey orders by, and how. False: it orders by something
/// else, or in a way that only the server knows.
bool match_pathkey(const RelOptInfo* rel, const TableInfo* table, const PathKey* key,
                   SortColumn* column);

/// Does a value of this type compare in a plugin as the pathkey does? `expr` is of that type.
bool is_plugin_order(const PathKey* key, Oid type, TypeId id);

/// The order by a column, or nullptr: nobody asks for it, or only the server knows it.
PathKey* make_column_pathkey(PlannerInfo* root, RelOptInfo* rel, const TableInfo* table,
                             const SortColumn* column);

/// The ascending order of a class that a merge join may ask for, or nullptr: not by a column of
/// `rel`'s table, or only the server knows it.
PathKey* make_merge_pathkey(PlannerInfo* root, RelOptInfo* rel, const TableInfo* table,
                            EquivalenceClass* eclass, SortColumn* column);

/// Is `expr`, as it is or as text under another collation, one of what the class says is equal?
bool has_member(const EquivalenceClass* eclass, const Expr* expr);

/// Fills in the comparison of a column's values.
void prepare_sort(const ColumnInfo* column, const SortColumn* sort, SortSupport support);

} // namespace penstock::pg
