#include "pg/connection_rows.hpp"

#include <cstring>

#include "pg/compat.hpp"

namespace penstock::pg {

namespace {

constexpr const char* kMarker = "Penstock connection";

/// By ConnectionState.
constexpr const char* kStateNames[] = {"pending", "updating", "ready",
                                       "error",   "deleting", "disabled"};

ConnectionState state_of(const char* name) {
    for (std::size_t state = 0; state < lengthof(kStateNames); ++state) {
        if (name != nullptr && std::strcmp(name, kStateNames[state]) == 0) {
            return static_cast<ConnectionState>(state);
        }
    }
    return ConnectionState::kOther;
}

/// Null: there is none, or it is not ours: without the extension anybody may make such names.
Relation open_ours(const char* name) {
    const Oid schema = get_namespace_oid("penstock", true);
    const Oid oid = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
    if (!OidIsValid(oid) || get_rel_relkind(oid) != RELKIND_RELATION) {
        return nullptr;
    }
    Relation relation = try_table_open(oid, AccessShareLock);
    if (relation != nullptr && relation->rd_rel->relowner != get_role_oid("penstock_owner", true)) {
        table_close(relation, AccessShareLock);
        return nullptr;
    }
    return relation;
}

/// A table of ours while its rows are read, the ones whose first columns of the key are `keys`.
class Rows {
  public:
    Rows(const char* table, const char* const* keys, int key_count) {
        relation_ = open_ours(table);
        if (relation_ == nullptr || !has_text_keys(key_count)) {
            return;
        }
        const Oid index = key_count > 0 ? primary_key_of(relation_) : InvalidOid;
        ScanKeyData scan_keys[2];
        for (int key = 0; key < key_count; ++key) {
            const auto column = static_cast<AttrNumber>(key + 1);
            ScanKeyEntryInitialize(&scan_keys[key], 0, column, BTEqualStrategyNumber, InvalidOid,
                                   TupleDescAttr(RelationGetDescr(relation_), key)->attcollation,
                                   F_TEXTEQ, CStringGetTextDatum(keys[key]));
        }
        // The server's own snapshot for catalogs, which is one of now for a table without a cache.
        // GetLatestSnapshot() would begin the snapshot of a transaction that has none yet.
        scan_ =
            systable_beginscan(relation_, index, OidIsValid(index), nullptr, key_count, scan_keys);
        tuple_ = systable_getnext(scan_);
    }
    // No destructor: an error may jump over it. The server releases everything then.
    void close() {
        if (relation_ != nullptr) {
            if (scan_ != nullptr) {
                systable_endscan(scan_);
            }
            table_close(relation_, AccessShareLock);
        }
    }

    [[nodiscard]] bool is_empty() const { return tuple_ == nullptr; }

    /// False: null, or there is no such column of this type: its owner may have changed it.
    bool get(const char* column, Oid type, Datum* value) const {
        const AttrNumber number = get_attnum(RelationGetRelid(relation_), column);
        bool is_null = true;
        if (number > 0 &&
            TupleDescAttr(RelationGetDescr(relation_), number - 1)->atttypid == type) {
            *value = heap_getattr(tuple_, number, RelationGetDescr(relation_), &is_null);
        }
        return !is_null;
    }

    [[nodiscard]] const char* get_text(const char* column) const {
        Datum value = 0;
        return get(column, TEXTOID, &value) ? TextDatumGetCString(value) : nullptr;
    }

  private:
    [[nodiscard]] bool has_text_keys(int key_count) const {
        const TupleDesc columns = RelationGetDescr(relation_);
        for (int key = 0; key < key_count; ++key) {
            if (key >= columns->natts || TupleDescAttr(columns, key)->atttypid != TEXTOID) {
                return false;
            }
        }
        return true;
    }

    Relation relation_ = nullptr;
    SysScanDesc scan_ = nullptr;
    HeapTuple tuple_ = nullptr;
};

bool has_row(const char* table, const char* const* keys, int key_count) {
    Rows rows(table, keys, key_count);
    const bool is_there = !rows.is_empty();
    rows.close();
    return is_there;
}

} // namespace

bool read_connection(const char* name, ConnectionRow* row) {
    Rows rows("connection_state", &name, 1);
    const bool is_there = !rows.is_empty();
    if (is_there) {
        Datum value = 0;
        row->state_name = rows.get_text("state");
        row->state = state_of(row->state_name);
        row->error = rows.get_text("error");
        row->plugin = rows.get_text("plugin");
        row->schema_hash = rows.get_text("schema_hash");
        row->is_imported = rows.get("imported", BOOLOID, &value) && DatumGetBool(value);
        const char* mode = rows.get_text("schema_mode");
        row->is_static = mode != nullptr && std::strcmp(mode, "static") == 0;
        row->generation = rows.get("generation", INT8OID, &value) ? DatumGetInt64(value) : 0;
    }
    rows.close();
    return is_there;
}

ControllerRow read_controller() {
    ControllerRow row = {};
    Rows rows("controller", nullptr, 0);
    if (!rows.is_empty()) {
        Datum value = 0;
        row.socket = rows.get_text("socket");
        row.uid = rows.get("uid", INT8OID, &value) ? DatumGetInt64(value) : -1;
    }
    rows.close();
    return row;
}

Offer find_offer(const char* schema_hash, const char* table) {
    const char* const keys[] = {schema_hash, table};
    if (schema_hash == nullptr || !has_row("offered_table", keys, 1)) {
        return Offer::kNotKnown;
    }
    return has_row("offered_table", keys, 2) ? Offer::kYes : Offer::kNo;
}

const char* name_of_our_schema(Oid schema) {
    HeapTuple tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
    if (!HeapTupleIsValid(tuple)) {
        return nullptr;
    }
    const auto* form = reinterpret_cast<Form_pg_namespace>(GETSTRUCT(tuple));
    const Oid owner = form->nspowner;
    const char* name = pstrdup(NameStr(form->nspname));
    ReleaseSysCache(tuple);
    if (owner != get_role_oid("penstock_owner", true)) {
        return nullptr;
    }
    const char* comment = GetComment(schema, NamespaceRelationId, 0);
    return comment != nullptr && std::strncmp(comment, kMarker, std::strlen(kMarker)) == 0
               ? name
               : nullptr;
}

} // namespace penstock::pg
