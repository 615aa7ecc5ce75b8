#include "pg/conversion.hpp"

namespace penstock::pg {

namespace {

/// What is done with one column, in this order.
struct ColumnConverter {
    int target; ///< position in the row
    const char* name;
    TypeId fetched;
    bool is_encoded; ///< its text has to be put into the database's encoding
    bool is_input;   ///< text goes through the input function
    bool has_typmod; ///< a value of the type gets the column's modifier
    FmgrInfo input;
    Oid io_parameter;
    int32 typmod;
    FmgrInfo coerce;
    Oid domain; ///< InvalidOid = none
    void* domain_cache;
};

bool has_own_encoding() {
    return GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII;
}

bool holds_text(TypeId type) {
    return type == TypeId::kText || type == TypeId::kJsonb || type == TypeId::kTextArray;
}

Datum encode_text(Datum value) {
    const varlena* text = PG_DETOAST_DATUM_PACKED(value);
    const char* encoded = from_utf8(VARDATA_ANY(text), static_cast<int>(VARSIZE_ANY_EXHDR(text)));
    return CStringGetTextDatum(encoded);
}

Datum encode_texts(Datum value) {
    Datum* elements = nullptr;
    int count = 0;
    deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &elements,
                      nullptr, &count); // a plugin's arrays have no NULLs
    for (int index = 0; index < count; ++index) {
        elements[index] = encode_text(elements[index]);
    }
    return PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/// By way of its text form, whose characters outside of ASCII are all in strings and keys.
Datum encode_jsonb(Datum value) {
    Jsonb* document = DatumGetJsonbP(value);
    const char* text =
        JsonbToCString(nullptr, &document->root, static_cast<int>(VARSIZE(document)));
    const char* encoded = from_utf8(text, static_cast<int>(strlen(text)));
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(encoded));
}

Datum encode(TypeId type, Datum value) {
    return type == TypeId::kText    ? encode_text(value)
           : type == TypeId::kJsonb ? encode_jsonb(value)
                                    : encode_texts(value);
}

/// Fills in what the column needs. False: nothing.
bool plan_column(ColumnConverter* plan, const ColumnInfo* column, int32 typmod) {
    Oid base = getBaseTypeAndTypmod(column->type_oid, &typmod);
    plan->target = column->attnum - 1;
    plan->name = column->name;
    plan->fetched = column->fetched;
    plan->typmod = typmod;
    plan->domain = base != column->type_oid ? column->type_oid : InvalidOid;
    plan->is_encoded = has_own_encoding() && holds_text(column->fetched);
    plan->is_input = find_type(column->fetched)->oid != base;
    if (plan->is_input) {
        Oid function = InvalidOid;
        getTypeInputInfo(base, &function, &plan->io_parameter);
        fmgr_info(function, &plan->input); // it takes care of the modifier, too
    } else if (typmod >= 0) {
        Oid function = InvalidOid;
        plan->has_typmod = find_typmod_coercion_function(base, &function) == COERCION_PATH_FUNC;
        if (plan->has_typmod) {
            fmgr_info(function, &plan->coerce);
        }
    }
    return plan->is_encoded || plan->is_input || plan->has_typmod || OidIsValid(plan->domain);
}

void add_context(void* name) {
    errcontext_msg("value of column \"%s\"", static_cast<const char*>(name));
}

Datum convert(ColumnConverter* column, Datum value) {
    if (column->is_encoded) {
        value = encode(column->fetched, value);
    }
    if (column->is_input) {
        value = InputFunctionCall(&column->input, TextDatumGetCString(value), column->io_parameter,
                                  column->typmod);
    }
    if (column->has_typmod) {
        value = FunctionCall3(&column->coerce, value, Int32GetDatum(column->typmod),
                              BoolGetDatum(false));
    }
    return value;
}

} // namespace

struct RowConverter {
    MemoryContext context; ///< of what is kept from row to row
    int count;
    ColumnConverter columns[FLEXIBLE_ARRAY_MEMBER];
};

void check_encoding() {
    const int encoding = GetDatabaseEncoding();
    if (encoding != PG_UTF8 && encoding != PG_LATIN1 && encoding != PG_SQL_ASCII) {
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("foreign tables of Penstock need a database with encoding UTF8, LATIN1 or "
                        "SQL_ASCII"),
                 errdetail("This one has encoding %s.", GetDatabaseEncodingName()),
                 errhint("For example: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0.")));
    }
}

char* to_utf8(const char* text, int bytes) {
    return pg_server_to_any(text, bytes, PG_UTF8);
}

const char* to_utf8(const char* text) {
    return to_utf8(text, static_cast<int>(strlen(text)));
}

char* from_utf8(const char* text, int bytes) {
    char* converted = pg_any_to_server(text, bytes, PG_UTF8);
    return converted != text ? converted : pnstrdup(text, bytes);
}

RowConverter* make_row_converter(Relation relation, const TableInfo* table, const List* attnums) {
    auto* converter = static_cast<RowConverter*>(
        palloc0(offsetof(RowConverter, columns) + sizeof(ColumnConverter) * list_length(attnums)));
    converter->context = CurrentMemoryContext;
    ListCell* cell = nullptr;
    foreach (cell, attnums) {
        const int attnum = lfirst_int(cell);
        const int32 typmod = TupleDescAttr(RelationGetDescr(relation), attnum - 1)->atttypmod;
        ColumnConverter* column = &converter->columns[converter->count];
        memset(column, 0, sizeof(ColumnConverter));
        if (plan_column(column, &table->columns[attnum - 1], typmod)) {
            ++converter->count;
        }
    }
    return converter->count > 0 ? converter : nullptr;
}

void convert_row(RowConverter* converter, Datum* values, bool* nulls) {
    ErrorContextCallback context = {error_context_stack, add_context, nullptr};
    error_context_stack = &context;
    for (int index = 0; index < converter->count; ++index) {
        ColumnConverter* column = &converter->columns[index];
        context.arg = const_cast<char*>(column->name);
        Datum* value = &values[column->target];
        if (!nulls[column->target]) {
            *value = convert(column, *value);
        }
        if (OidIsValid(column->domain)) {
            domain_check(*value, nulls[column->target], column->domain, &column->domain_cache,
                         converter->context);
        }
    }
    error_context_stack = context.previous;
}

} // namespace penstock::pg
