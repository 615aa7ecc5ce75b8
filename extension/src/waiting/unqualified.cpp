#include "waiting/unqualified.hpp"

#include "waiting/table_wait.hpp"

#include <cstring>

#include "pg/compat.hpp"
#include "pg/schema_cache.hpp"
#include "pg/statement_names.hpp"

namespace penstock::waiting {

namespace {

/// Schemas in which a name without one is looked for, in order. palloc'd.
struct SearchPath {
    Oid* schemas;
    int count;
};

Oid schema_of_path_element(const char* element) {
    if (std::strcmp(element, "$user") == 0) {
        const char* user = GetUserNameFromId(GetUserId(), true);
        return user == nullptr ? InvalidOid : get_namespace_oid(user, true);
    }
    return get_namespace_oid(element, true);
}

/// As the server computes it, from the setting: its own list is not to be touched now.
SearchPath compute_path() {
    List* elements = NIL;
    (void)SplitIdentifierString(pstrdup(namespace_search_path), ',', &elements);
    SearchPath path = {};
    path.schemas = static_cast<Oid*>(palloc(sizeof(Oid) * (list_length(elements) + 2)));
    Oid temporary = InvalidOid;
    Oid temporary_toast = InvalidOid;
    GetTempNamespaceState(&temporary, &temporary_toast);
    if (OidIsValid(temporary)) {
        path.schemas[path.count++] = temporary;
    }
    path.schemas[path.count++] = PG_CATALOG_NAMESPACE;
    ListCell* cell = nullptr;
    foreach (cell, elements) {
        const Oid schema = schema_of_path_element(static_cast<const char*>(lfirst(cell)));
        if (OidIsValid(schema) && pg::may_use_schema(schema)) {
            path.schemas[path.count++] = schema;
        }
    }
    return path;
}

pg::NameList names_of_statement(pg::ParsePlace* place) {
    *place = pg::current_parse_place();
    const char* text = place->text == nullptr ? debug_query_string : place->text;
    return text == nullptr ? pg::NameList{nullptr, 0}
                           : pg::unqualified_names(text, place->location);
}

/// Keeps the names that no schema of the path has.
void keep_missing(pg::NameList* names, const SearchPath* path, ParseState* state) {
    int kept = 0;
    for (int index = 0; index < names->count; ++index) {
        const Wanted one = {&names->names[index], 1, path->schemas, path->count, false, false};
        if (!are_there(&one, InvalidOid) && !pg::is_known_to_parser(state, names->names[index])) {
            names->names[kept++] = names->names[index];
        }
    }
    names->count = kept;
}

/// A schema of the path that is not settled.
struct Candidate {
    const char* connection;
    Oid schema;
    const char* plugin;
    bool is_static;
};

/// Does one before it speak for `one`, as all connections of a static plugin have the same tables?
/// A row says that its plugin is static only once its tables were seen.
bool is_spoken_for(const Candidate* first, const Candidate* end, const Candidate* one) {
    for (const Candidate* other = first; other != end; ++other) {
        if (other->plugin != nullptr && one->plugin != nullptr &&
            std::strcmp(other->plugin, one->plugin) == 0 && (one->is_static || other->is_static)) {
            return true;
        }
    }
    return false;
}

/// Every connection on the path, in order.
int read_candidates(const SearchPath* path, Candidate* candidates) {
    int count = 0;
    for (int place = 0; place < path->count; ++place) {
        const Oid schema = path->schemas[place];
        const char* name = pg::standing_of(schema) == pg::SchemaStanding::kNotOurs
                               ? nullptr
                               : pg::name_of_our_schema(schema);
        pg::ConnectionRow row = {};
        if (name != nullptr && pg::read_connection(name, &row)) {
            candidates[count++] = {name, schema, row.plugin, row.is_static};
        }
    }
    return count;
}

/// The connections that decide: the first of each plugin on the path, all of dynamic ones.
/// Returns: how many.
int keep_deciding(Candidate* candidates, int count) {
    int kept = 0;
    for (int index = 0; index < count; ++index) {
        const Candidate one = candidates[index];
        // Those before it that were left out have the plugin of one that was kept.
        if (!is_spoken_for(candidates, candidates + kept, &one)) {
            candidates[kept++] = one;
        }
    }
    return kept;
}

void wait_for_missing(const Wanted* missing, const Candidate* candidates, int count) {
    const TimestampTz started = GetCurrentTimestamp();
    for (int index = 0; index < count; ++index) {
        const Candidate& one = candidates[index];
        if (pg::standing_of(one.schema) != pg::SchemaStanding::kSettled) {
            (void)wait_for_tables(one.connection, one.schema, missing, started,
                                  pg::schema_wait_timeout_ms);
        }
    }
}

/// One in error raises nothing, because the name may be anybody's; but it says so.
void tell_of_error(const pg::NameList* names, const Candidate* candidates, int count) {
    for (int index = 0; index < count; ++index) {
        const Candidate& one = candidates[index];
        pg::ConnectionRow row = {};
        const Wanted wanted = {names->names, names->count, nullptr, 0, false, false};
        if (pg::read_connection(one.connection, &row) && row.state == pg::ConnectionState::kError &&
            may_offer(&wanted, &row)) {
            pg::tell_in_error(one.connection, one.plugin, row.error);
            return;
        }
    }
}

} // namespace

void wait_for_unqualified_names() {
    pg::ParsePlace place = {};
    pg::NameList names = names_of_statement(&place);
    if (names.count == 0) {
        return;
    }
    const SearchPath path = compute_path();
    keep_missing(&names, &path, place.state);
    if (names.count > 0) {
        auto* candidates =
            static_cast<Candidate*>(palloc(sizeof(Candidate) * static_cast<Size>(path.count)));
        const int count = keep_deciding(candidates, read_candidates(&path, candidates));
        const Wanted missing = {names.names, names.count, path.schemas, path.count, false, false};
        wait_for_missing(&missing, candidates, count);
        keep_missing(&names, &path, place.state);
        if (names.count > 0) {
            tell_of_error(&names, candidates, count);
        }
    }
}

} // namespace penstock::waiting
