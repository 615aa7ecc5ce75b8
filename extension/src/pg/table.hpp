#pragma once

#include "penstock/types/schema.hpp"

#include <cstdint>

#include "pg/postgres.hpp"

/// What the catalogs say of a foreign table: plain old data, palloc'd in the current context.
namespace penstock::pg {

struct ColumnInfo {
    AttrNumber attnum; ///< 0 = dropped
    const char* name;
    TypeId type;       ///< valid when `is_supported`
    bool is_supported; ///< the column's type is one of ours, without a type modifier: conditions on
                       ///< it can be pushed, and its values come as they are
    TypeId fetched; ///< what the plugin is asked for: the base type if it is one of ours, or text;
                    ///< conversion.hpp makes the rest
    Oid type_oid;
    Oid collation;
    QualOps exact;    ///< by the plugin or by its SDK (TableInfo.evaluator)
    QualOps superset; ///< by the plugin
    QualOps declared; ///< those that the plugin itself uses
    QualOps joined;   ///< those that it answers exactly itself: what its joins may compare by
    KeyKind key;
    int batch;        ///< keys that a join asks for at once; 0 = not in batches
    bool is_unique;   ///< the plugin guarantees that no value is there twice
    double distinct;  ///< estimate of the plugin; 0 = none
    bool is_sortable; ///< the plugin sorts by it when it is asked to
};

/// A column that rows are ordered by.
struct SortColumn {
    AttrNumber attnum;
    bool is_descending;
    bool is_nulls_first;
};

struct TableInfo {
    const char* plugin; ///< server's option, or the server's name
    const char* socket;
    std::int64_t uid; ///< of the plugin
    Oid relation;
    const char* connection;
    const char* table;
    double rows; ///< option; 0 = none, default_rows() at best
    double startup_ms;
    int parts;               ///< that parallel workers can read; 0 = the scan is not for workers
    std::uint32_t evaluator; ///< option: what the plugin's SDK computes; 0 = nothing
    SortColumn* ordered_by;  ///< the order in which rows always come
    int ordered_count;
    JoinKinds joins;  ///< option: joins with other tables of the connection
    int column_count; ///< pg_class.relnatts: dropped ones included
    ColumnInfo* columns;
};

/// Rows of a table of which nobody knows anything.
double default_rows();

/// Reads server and table options. Raises: HV00D-class errors for what the validator let pass
/// because it was not there (no socket).
TableInfo* read_table(Oid relation_oid);

/// Only the server's part; `connection`, `table` and `columns` are null.
TableInfo* read_server(Oid server_oid);

/// A required or any-of key exists, and `mask` (bit i = column i has a usable condition) misses it.
/// `needed` becomes the names, quoted and joined by "and" / "or".
bool misses_key(const TableInfo* table, const Bitmapset* keyed_columns, StringInfo needed);

} // namespace penstock::pg
