#include "penstock/types/schema.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "pg/boundary.hpp"

extern "C" {
#include "access/reloptions.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_user_mapping.h"
PG_FUNCTION_INFO_V1(penstock_fdw_validator);
}

/// Checks the options of servers, tables and columns when they are set. There is no option that
/// could hold a secret: what stands in these catalogs every user may read.
namespace penstock::fdw {
namespace {

using CheckFunction = void (*)(const char* name, const char* value);

[[noreturn]] void raise_bad_value(const char* name, const char* value, const char* wanted) {
    pg::raise(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE,
              psprintf("invalid value \"%s\" for option \"%s\"", value, name), nullptr,
              psprintf("It takes %s.", wanted));
}

void check_text(const char* name, const char* value) {
    if (*value == '\0') {
        raise_bad_value(name, value, "a text that is not empty");
    }
}

void check_path(const char* name, const char* value) {
    if (*value != '/') {
        raise_bad_value(name, value, "an absolute path");
    }
}

void check_uid(const char* name, const char* value) {
    char* end = nullptr;
    errno = 0;
    const long long number = std::strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < 0 || number > 4294967294LL) {
        raise_bad_value(name, value, "a numeric user id");
    }
}

void check_boolean(const char* name, const char* value) {
    bool is_on = false;
    if (!parse_bool(value, &is_on)) {
        raise_bad_value(name, value, "true or false");
    }
}

void check_number(const char* name, const char* value) {
    char* end = nullptr;
    errno = 0;
    const double number = std::strtod(value, &end);
    if (errno != 0 || end == value || *end != '\0' || !(number >= 0 && number <= 1e15)) {
        raise_bad_value(name, value, "a number from 0 to 1e15");
    }
}

void check_level(const char* name, const char* value) {
    char* end = nullptr;
    errno = 0;
    const long long number = std::strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < 0 || number > 4294967295LL) {
        raise_bad_value(name, value, "a whole number, as the plugin gives it");
    }
}

/// Runs one of the SDK's parsers and raises its error, which lists the valid choices.
template <typename Parse>
void check_parsed(Parse parse) {
    auto* error = pg::make_owned<Error>(CurrentMemoryContext);
    if (!pg::guarded(*error, parse)) {
        pg::raise(*error);
    }
}

void check_ops(const char*, const char* value) {
    check_parsed([value] { (void)QualOps::from_text(value).take(); });
}

void check_order(const char*, const char* value) {
    check_parsed([value] { (void)sort_keys_from_text(value).take(); });
}

void check_joins(const char*, const char* value) {
    check_parsed([value] { (void)JoinKinds::from_text(value).take(); });
}

void check_key(const char*, const char* value) {
    check_parsed([value] { (void)key_kind_from_text(value).take(); });
}

struct Option {
    const char* name;
    Oid catalog;
    CheckFunction check;
};

constexpr Option kOptions[] = {
    {"plugin", ForeignServerRelationId, check_text},
    {"socket", ForeignServerRelationId, check_path},
    {"uid", ForeignServerRelationId, check_uid},
    {"connection", ForeignTableRelationId, check_text},
    {"table", ForeignTableRelationId, check_text},
    {"rows", ForeignTableRelationId, check_number},
    {"startup_ms", ForeignTableRelationId, check_number},
    {"parts", ForeignTableRelationId, check_number},
    {"ordered_by", ForeignTableRelationId, check_order},
    {"joins", ForeignTableRelationId, check_joins},
    {"evaluator", ForeignTableRelationId, check_level},
    {"exact", AttributeRelationId, check_ops},
    {"superset", AttributeRelationId, check_ops},
    {"key", AttributeRelationId, check_key},
    {"batch", AttributeRelationId, check_number},
    {"unique", AttributeRelationId, check_boolean},
    {"distinct", AttributeRelationId, check_number},
    {"sortable", AttributeRelationId, check_boolean},
};

[[noreturn]] void raise_unknown(const char* name, Oid catalog) {
    StringInfoData valid;
    initStringInfo(&valid);
    for (const Option& option : kOptions) {
        if (option.catalog == catalog) {
            appendStringInfo(&valid, "%s%s", valid.len > 0 ? ", " : "", option.name);
        }
    }
    pg::raise(ERRCODE_FDW_INVALID_OPTION_NAME, psprintf("invalid option \"%s\"", name), nullptr,
              valid.len > 0 ? psprintf("Valid options here are: %s.", valid.data)
                            : "There are no valid options here.");
}

void check_option(DefElem* element, Oid catalog) {
    for (const Option& option : kOptions) {
        if (option.catalog == catalog && std::strcmp(option.name, element->defname) == 0) {
            option.check(option.name, defGetString(element));
            return;
        }
    }
    raise_unknown(element->defname, catalog);
}

} // namespace
} // namespace penstock::fdw

/// penstock.penstock_fdw_validator(options text[], catalog oid)
Datum penstock_fdw_validator(PG_FUNCTION_ARGS) {
    List* options = untransformRelOptions(PG_GETARG_DATUM(0));
    const Oid catalog = PG_GETARG_OID(1);
    ListCell* cell = nullptr;
    foreach (cell, options) {
        penstock::fdw::check_option(static_cast<DefElem*>(lfirst(cell)), catalog);
    }
    PG_RETURN_VOID();
}
