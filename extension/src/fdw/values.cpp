#include "fdw/values.hpp"

#include "pg/conversion.hpp"
#include "pg/quals.hpp"

namespace penstock::fdw {

// NOLINTNEXTLINE(readability-function-size): a table, one case for each type
core::ScalarSpec make_scalar(Datum value, Oid type) {
    using Kind = core::ScalarSpec::Kind;
    core::ScalarSpec scalar = {};
    switch (type) {
    case BOOLOID:
        scalar.kind = Kind::kBool;
        scalar.boolean = DatumGetBool(value);
        return scalar;
    case INT2OID:
        scalar.kind = Kind::kInteger;
        scalar.integer = DatumGetInt16(value);
        return scalar;
    case INT4OID:
        scalar.kind = Kind::kInteger;
        scalar.integer = DatumGetInt32(value);
        return scalar;
    case INT8OID:
        scalar.kind = Kind::kInteger;
        scalar.integer = DatumGetInt64(value);
        return scalar;
    case FLOAT4OID:
        scalar.kind = Kind::kNumber;
        scalar.number = DatumGetFloat4(value);
        return scalar;
    case FLOAT8OID:
        scalar.kind = Kind::kNumber;
        scalar.number = DatumGetFloat8(value);
        return scalar;
    case DATEOID:
        scalar.kind = Kind::kDate;
        scalar.integer = DatumGetDateADT(value);
        return scalar;
    case TIMESTAMPTZOID:
        scalar.kind = Kind::kTimestamptz;
        scalar.integer = DatumGetTimestampTz(value);
        return scalar;
    case INTERVALOID: {
        const auto* interval = reinterpret_cast<const ::Interval*>(DatumGetPointer(value));
        scalar.kind = Kind::kInterval;
        scalar.integer = interval->time;
        scalar.days = interval->day;
        scalar.months = interval->month;
        return scalar;
    }
    case UUIDOID:
        scalar.kind = Kind::kUuid;
        scalar.text = reinterpret_cast<const char*>(DatumGetUUIDP(value)->data);
        scalar.text_bytes = UUID_LEN;
        return scalar;
    case TEXTOID:
    case BYTEAOID: {
        const varlena* text = PG_DETOAST_DATUM_PACKED(value);
        scalar.kind = type == TEXTOID ? Kind::kText : Kind::kBytes;
        scalar.text = VARDATA_ANY(text);
        scalar.text_bytes = VARSIZE_ANY_EXHDR(text);
        if (type == TEXTOID && GetDatabaseEncoding() != PG_UTF8) {
            scalar.text = pg::to_utf8(pnstrdup(scalar.text, scalar.text_bytes));
            scalar.text_bytes = strlen(scalar.text);
        }
        return scalar;
    }
    default: { // numeric, inet, cidr, jsonb: their text form
        Oid output = InvalidOid;
        bool is_varlena = false;
        getTypeOutputInfo(type, &output, &is_varlena);
        scalar.kind = Kind::kText;
        scalar.text = pg::to_utf8(OidOutputFunctionCall(output, value));
        scalar.text_bytes = strlen(scalar.text);
        return scalar;
    }
    }
}

bool can_hold(TypeId column, const core::ScalarSpec& scalar) {
    return scalar.kind != core::ScalarSpec::Kind::kInteger ||
           pg::fits_integer(scalar.integer, column);
}

core::ScalarSpec* make_scalars(Datum array, Oid element_type, TypeId column, int* count) {
    const pg::ArrayElements elements = pg::elements_of(array, element_type);
    auto* scalars =
        static_cast<core::ScalarSpec*>(palloc(sizeof(core::ScalarSpec) * Max(elements.count, 1)));
    *count = 0;
    for (int index = 0; index < elements.count; ++index) {
        if (elements.nulls[index]) { // = NULL is never true
            continue;
        }
        scalars[*count] = make_scalar(elements.values[index], element_type);
        *count += can_hold(column, scalars[*count]) ? 1 : 0;
    }
    return scalars;
}

} // namespace penstock::fdw
