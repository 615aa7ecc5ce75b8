#include "fdw/request_text.hpp"

#include "pg/conversion.hpp"

namespace penstock::fdw {
namespace {

constexpr std::size_t kMaxListed = 10;

/// Where a value's text goes, and how long it may be.
struct ValueText {
    StringInfo text;
    int limit; ///< bytes; 0 = a question mark
};

/// `value` is in `encoding`: UTF-8, as requests have it, or the database's.
void append_clipped(const ValueText* to, const char* value, std::size_t bytes, int encoding,
                    bool is_quoted) {
    const int kept = clipped_bytes(value, bytes, encoding, to->limit);
    const char* shown =
        encoding == PG_UTF8 ? pg::from_utf8(value, kept) : pnstrdup(value, static_cast<Size>(kept));
    if (static_cast<std::size_t>(kept) < bytes) {
        shown = psprintf("%s...", shown);
    }
    appendStringInfoString(to->text, is_quoted ? quote_literal_cstr(shown) : shown);
}

/// A number or true or false.
void append_plain(const ValueText* to, const char* value) {
    append_clipped(to, value, strlen(value), GetDatabaseEncoding(), false);
}

void append_output(const ValueText* to, PGFunction output, Datum value) {
    const char* shown = DatumGetCString(DirectFunctionCall1(output, value));
    append_clipped(to, shown, strlen(shown), GetDatabaseEncoding(), true);
}

void append_bytes(const ValueText* to, const core::ScalarSpec* scalar) {
    const std::size_t shown = Min(scalar->text_bytes, static_cast<std::size_t>(to->limit) / 2);
    appendStringInfoString(to->text, "'\\x");
    for (std::size_t index = 0; index < shown; ++index) {
        appendStringInfo(to->text, "%02x", static_cast<unsigned char>(scalar->text[index]));
    }
    appendStringInfoString(to->text, shown < scalar->text_bytes ? "...'" : "'");
}

void append_interval(const ValueText* to, const core::ScalarSpec* scalar) {
    auto* interval = static_cast<::Interval*>(palloc0(sizeof(::Interval)));
    interval->time = scalar->integer;
    interval->day = scalar->days;
    interval->month = scalar->months;
    append_output(to, interval_out, IntervalPGetDatum(interval));
}

void append_scalar(const ValueText* to, const core::ScalarSpec* scalar) {
    using Kind = core::ScalarSpec::Kind;
    if (to->limit == 0) {
        appendStringInfoChar(to->text, '?');
        return;
    }
    switch (scalar->kind) {
    case Kind::kBool:
        append_plain(to, scalar->boolean ? "true" : "false");
        break;
    case Kind::kInteger:
        append_plain(to, psprintf(INT64_FORMAT, scalar->integer));
        break;
    case Kind::kNumber:
        append_plain(to, float8out_internal(scalar->number));
        break;
    case Kind::kText:
        append_clipped(to, scalar->text, scalar->text_bytes, PG_UTF8, true);
        break;
    case Kind::kBytes:
        append_bytes(to, scalar);
        break;
    case Kind::kUuid:
        append_output(to, uuid_out, PointerGetDatum(scalar->text));
        break;
    case Kind::kDate:
        append_output(to, date_out, DateADTGetDatum(static_cast<DateADT>(scalar->integer)));
        break;
    case Kind::kTimestamptz:
        append_output(to, timestamptz_out, TimestampTzGetDatum(scalar->integer));
        break;
    case Kind::kInterval:
        append_interval(to, scalar);
        break;
    }
}

void append_list(const ValueText* to, const core::QualSpec* qual) {
    appendStringInfoString(to->text, " in (");
    for (std::size_t index = 0; index < Min(qual->value_count, kMaxListed); ++index) {
        appendStringInfoString(to->text, index == 0 ? "" : ", ");
        append_scalar(to, &qual->values[index]);
    }
    if (qual->value_count > kMaxListed) {
        appendStringInfo(to->text, ", ... %zu more", qual->value_count - kMaxListed);
    }
    appendStringInfoChar(to->text, ')');
}

} // namespace

int clipped_bytes(const char* value, std::size_t bytes, int encoding, int limit) {
    const int length = static_cast<int>(Min(bytes, static_cast<std::size_t>(limit) + 1));
    const int kept =
        pg_encoding_mbcliplen(encoding == PG_SQL_ASCII ? PG_UTF8 : encoding, value, length, limit);
    return Min(kept, length); // bytes of SQL_ASCII may end in the first one of a character
}

const char* request_name_text(const char* name) {
    return quote_identifier(pg::from_utf8(name, static_cast<int>(strlen(name))));
}

char* request_qual_text(const core::QualSpec* qual, int value_bytes) {
    StringInfoData text;
    initStringInfo(&text);
    const ValueText values = {&text, Min(value_bytes, kMaxValueBytes)};
    appendStringInfoString(&text, request_name_text(qual->column));
    if (qual->op == QualOp::kIsNull || qual->op == QualOp::kIsNotNull) {
        appendStringInfoString(&text, qual->op == QualOp::kIsNull ? " is null" : " is not null");
    } else if (qual->op == QualOp::kIn) {
        append_list(&values, qual);
    } else {
        const std::string_view sign = sign_of(qual->op);
        appendStringInfo(&text, " %.*s ", static_cast<int>(sign.size()), sign.data());
        append_scalar(&values, qual->values);
    }
    return text.data;
}

} // namespace penstock::fdw
