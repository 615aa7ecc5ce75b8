#include "pg/table.hpp"

#include "penstock/types/evaluator.hpp"

#include <cstdlib>
#include <cstring>
#include <vector>

#include <unistd.h>

#include "pg/boundary.hpp"

namespace penstock::pg {

namespace {

/// Holds what the C++ option parsers need to live through a raise.
struct Parsed {
    Error error;
    QualOps ops;
    KeyKind key = KeyKind::kNone;
    std::vector<SortKey> order;
    JoinKinds joins;
};

QualOps parse_ops(Parsed* parsed, const char* text) {
    if (!guarded(parsed->error, [&] { parsed->ops = QualOps::from_text(text).take(); })) {
        raise(parsed->error);
    }
    return parsed->ops;
}

KeyKind parse_key(Parsed* parsed, const char* text) {
    if (!guarded(parsed->error, [&] { parsed->key = key_kind_from_text(text).take(); })) {
        raise(parsed->error);
    }
    return parsed->key;
}

JoinKinds parse_joins(const char* text) {
    auto* parsed = make_owned<Parsed>(CurrentMemoryContext);
    if (!guarded(parsed->error, [&] { parsed->joins = JoinKinds::from_text(text).take(); })) {
        raise(parsed->error);
    }
    return parsed->joins;
}

void read_server_options(TableInfo* table, ForeignServer* server) {
    table->plugin = server->servername;
    table->uid = geteuid();
    ListCell* cell = nullptr;
    foreach (cell, server->options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        if (std::strcmp(option->defname, "plugin") == 0) {
            table->plugin = defGetString(option);
        } else if (std::strcmp(option->defname, "socket") == 0) {
            table->socket = defGetString(option);
        } else if (std::strcmp(option->defname, "uid") == 0) {
            table->uid = std::strtoll(defGetString(option), nullptr, 10);
        }
    }
    if (table->socket == nullptr) {
        ereport(ERROR,
                (errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
                 errmsg("foreign server \"%s\" has no option \"socket\"", server->servername),
                 errhint("ALTER SERVER … OPTIONS (ADD socket '/path/of/the/plugin.sock').")));
    }
}

int whole_number(DefElem* option, double most) {
    return static_cast<int>(Min(std::strtod(defGetString(option), nullptr), most));
}

void read_column_options(ColumnInfo* column, List* options, Parsed* parsed) {
    ListCell* cell = nullptr;
    foreach (cell, options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        if (std::strcmp(option->defname, "exact") == 0) {
            column->exact = parse_ops(parsed, defGetString(option));
        } else if (std::strcmp(option->defname, "superset") == 0) {
            column->superset = parse_ops(parsed, defGetString(option));
        } else if (std::strcmp(option->defname, "key") == 0) {
            column->key = parse_key(parsed, defGetString(option));
        } else if (std::strcmp(option->defname, "batch") == 0) {
            column->batch = whole_number(option, kMaxBatch);
        } else if (std::strcmp(option->defname, "unique") == 0) {
            column->is_unique = defGetBoolean(option);
        } else if (std::strcmp(option->defname, "distinct") == 0) {
            column->distinct = std::strtod(defGetString(option), nullptr);
        } else if (std::strcmp(option->defname, "sortable") == 0) {
            column->is_sortable = defGetBoolean(option);
        }
    }
    column->declared = column->exact | column->superset;
    column->joined = column->exact;
}

/// What the SDK decides exactly for columns of this type.
void add_evaluated(ColumnInfo* column) {
    for (int number = static_cast<int>(QualOp::kEq); number <= static_cast<int>(QualOp::kLike);
         ++number) {
        const auto op = static_cast<QualOp>(number);
        if (can_evaluate(column->type, op)) {
            column->exact.add(op);
        }
    }
}

void read_columns(TableInfo* table, Oid relation_oid) {
    Relation relation = table_open(relation_oid, NoLock); // locked by the parser or the executor
    TupleDesc descriptor = RelationGetDescr(relation);
    auto* parsed = make_owned<Parsed>(CurrentMemoryContext);
    table->column_count = descriptor->natts;
    table->columns =
        static_cast<ColumnInfo*>(palloc0(sizeof(ColumnInfo) * Max(descriptor->natts, 1)));
    for (int index = 0; index < descriptor->natts; ++index) {
        Form_pg_attribute attribute = TupleDescAttr(descriptor, index);
        if (attribute->attisdropped) {
            continue;
        }
        ColumnInfo* column = &table->columns[index];
        column->attnum = attribute->attnum;
        column->name = pstrdup(NameStr(attribute->attname));
        column->type_oid = attribute->atttypid;
        column->collation = attribute->attcollation;
        const TypeInfo* type = find_type_by_oid(attribute->atttypid);
        column->is_supported = type != nullptr && attribute->atttypmod == -1;
        if (type != nullptr) {
            column->type = type->id;
        }
        const TypeInfo* base = find_type_by_oid(getBaseType(attribute->atttypid));
        column->fetched = base != nullptr ? base->id : TypeId::kText;
        read_column_options(column, GetForeignColumnOptions(relation_oid, attribute->attnum),
                            parsed);
        if (column->is_supported && table->evaluator > 0) {
            add_evaluated(column);
        }
    }
    table_close(relation, NoLock);
}

/// nullptr: the table has no such column.
const ColumnInfo* column_of(const TableInfo* table, const char* name) {
    for (int index = 0; index < table->column_count; ++index) {
        const ColumnInfo* column = &table->columns[index];
        if (column->attnum != 0 && std::strcmp(column->name, name) == 0) {
            return column;
        }
    }
    return nullptr;
}

/// The order of all rows, as far as its columns are there.
void read_order(TableInfo* table, const char* text) {
    auto* parsed = make_owned<Parsed>(CurrentMemoryContext);
    if (!guarded(parsed->error, [&] { parsed->order = sort_keys_from_text(text).take(); })) {
        raise(parsed->error);
    }
    const auto count = static_cast<int>(parsed->order.size());
    table->ordered_by = static_cast<SortColumn*>(palloc0(sizeof(SortColumn) * Max(count, 1)));
    for (int index = 0; index < count; ++index) {
        const SortKey* key = &parsed->order[static_cast<std::size_t>(index)];
        const ColumnInfo* column = column_of(table, key->column.c_str());
        if (column == nullptr) {
            return;
        }
        table->ordered_by[table->ordered_count++] = {column->attnum, key->is_descending,
                                                     key->is_nulls_first};
    }
}

// The defaults live in a C++ object; these frames end before anything of PostgreSQL is called.
double default_startup_ms() {
    return TableSchema().startup_cost_ms;
}

} // namespace

double default_rows() {
    return TableSchema().row_estimate;
}

TableInfo* read_server(Oid server_oid) {
    auto* table = static_cast<TableInfo*>(palloc0(sizeof(TableInfo)));
    read_server_options(table, GetForeignServer(server_oid));
    return table;
}

TableInfo* read_table(Oid relation_oid) {
    ForeignTable* foreign_table = GetForeignTable(relation_oid);
    TableInfo* table = read_server(foreign_table->serverid);
    table->relation = relation_oid;
    table->connection = get_namespace_name(get_rel_namespace(relation_oid));
    table->table = get_rel_name(relation_oid);
    table->startup_ms = default_startup_ms();
    const char* order = nullptr;
    ListCell* cell = nullptr;
    foreach (cell, foreign_table->options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        if (std::strcmp(option->defname, "connection") == 0) {
            table->connection = defGetString(option);
        } else if (std::strcmp(option->defname, "table") == 0) {
            table->table = defGetString(option);
        } else if (std::strcmp(option->defname, "rows") == 0) {
            table->rows = std::strtod(defGetString(option), nullptr);
        } else if (std::strcmp(option->defname, "startup_ms") == 0) {
            table->startup_ms = std::strtod(defGetString(option), nullptr);
        } else if (std::strcmp(option->defname, "parts") == 0) {
            table->parts = whole_number(option, kMaxParts);
        } else if (std::strcmp(option->defname, "ordered_by") == 0) {
            order = defGetString(option);
        } else if (std::strcmp(option->defname, "joins") == 0) {
            table->joins = parse_joins(defGetString(option));
        } else if (std::strcmp(option->defname, "evaluator") == 0) {
            table->evaluator =
                static_cast<std::uint32_t>(std::strtoul(defGetString(option), nullptr, 10));
        }
    }
    if (GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII) {
        table->evaluator = 0; // its answers hold text that would have to be converted
        table->joins = {};
    }
    read_columns(table, relation_oid);
    if (order != nullptr) {
        read_order(table, order);
    }
    return table;
}

bool misses_key(const TableInfo* table, const Bitmapset* keyed_columns, StringInfo needed) {
    bool has_any_of = false;
    bool has_any_of_key = false;
    bool is_missing = false;
    for (int index = 0; index < table->column_count; ++index) {
        const ColumnInfo* column = &table->columns[index];
        const bool is_keyed = bms_is_member(index, keyed_columns);
        if (column->attnum != 0 && column->key == KeyKind::kRequired && !is_keyed) {
            appendStringInfo(needed, "%s\"%s\"", is_missing ? " and " : "", column->name);
            is_missing = true;
        }
        if (column->attnum != 0 && column->key == KeyKind::kAnyOf) {
            has_any_of = true;
            has_any_of_key = has_any_of_key || is_keyed;
        }
    }
    if (!has_any_of || has_any_of_key) {
        return is_missing;
    }
    const char* separator = is_missing ? " and one of " : "";
    for (int index = 0; index < table->column_count; ++index) {
        const ColumnInfo* column = &table->columns[index];
        if (column->attnum != 0 && column->key == KeyKind::kAnyOf) {
            appendStringInfo(needed, "%s\"%s\"", separator, column->name);
            separator = " or ";
        }
    }
    return true;
}

} // namespace penstock::pg
