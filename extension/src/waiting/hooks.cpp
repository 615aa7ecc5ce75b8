#include "waiting/hooks.hpp"

#include "core/qualified_name.hpp"
#include "waiting/table_wait.hpp"
#include "waiting/unqualified.hpp"

#include <cstring>

#include "pg/compat.hpp"
#include "pg/run_once.hpp"
#include "pg/schema_cache.hpp"
#include "pg/statement_names.hpp"

namespace penstock::waiting {

namespace {

object_access_hook_type next_access_hook = nullptr;
post_parse_analyze_hook_type next_analyze_hook = nullptr;

/// In a wait: whatever is looked up meanwhile must not wait, too.
bool is_busy = false;
/// A schema of the search path is not settled: the path has to be computed again for the next
/// statement, because only that calls the hook.
bool path_is_unsettled = true;
/// Names without a schema were looked at in this statement.
bool path_was_checked = false;

/// May this backend wait here at all? Where queries are cancelled and locks are waited for.
bool may_wait() {
    return pg::schema_wait_timeout_ms > 0 && !is_busy && MyBackendType == B_BACKEND &&
           IsTransactionState() && !IsInParallelMode() && InterruptHoldoffCount == 0 &&
           CritSectionCount == 0 && !RecoveryInProgress();
}

/// The name that is being looked up in `schema`, where that can be known. palloc'd.
pg::NameList names_looked_up(const char* schema) {
    const pg::ParsePlace place = pg::current_parse_place();
    if (place.location < 0) {
        // COPY and other utilities: what the statement says of this schema.
        return debug_query_string == nullptr ? pg::NameList{nullptr, 0}
                                             : pg::names_in_schema(debug_query_string, schema);
    }
    const core::QualifiedName name = core::read_qualified_name(place.text + place.location);
    if (name.count < 2 || std::strcmp(name.parts[name.count - 2], schema) != 0) {
        return {nullptr, 0};
    }
    auto* list = static_cast<const char**>(palloc(sizeof(const char*)));
    list[0] = pstrdup(name.parts[name.count - 1]);
    return {list, 1};
}

/// A qualified name is looked up in `*argument`, which may be a schema of ours.
void look_in_schema(void* argument) {
    const Oid schema = *static_cast<Oid*>(argument);
    const std::uint64_t age = pg::schema_cache_age();
    const char* connection = pg::name_of_our_schema(schema);
    if (connection == nullptr) {
        pg::remember_schema(schema, pg::SchemaStanding::kNotOurs, age);
        return;
    }
    const pg::NameList names = names_looked_up(connection);
    const Wanted wanted = {names.names, names.count, nullptr, 0, names.count > 0};
    (void)wait_for_tables(connection, schema, &wanted, GetCurrentTimestamp(),
                          pg::schema_wait_timeout_ms);
}

/// Reads what is not known of a schema of the path.
void learn_schema(void* argument) {
    const Oid schema = *static_cast<Oid*>(argument);
    const std::uint64_t age = pg::schema_cache_age();
    const char* connection = pg::name_of_our_schema(schema);
    pg::ConnectionRow row = {};
    if (connection == nullptr || !pg::read_connection(connection, &row)) {
        pg::remember_schema(schema, pg::SchemaStanding::kNotOurs, age);
    } else if (row.state == pg::ConnectionState::kReady && row.is_imported) {
        pg::remember_schema(schema, pg::SchemaStanding::kSettled, age);
    }
}

void check_path(void* /*unused*/) {
    wait_for_unqualified_names();
}

void search_schema(Oid schema) {
    if (pg::standing_of(schema) == pg::SchemaStanding::kUnknown && may_wait()) {
        pg::run_once(&is_busy, look_in_schema, &schema);
    }
}

/// The search path is computed, and `schema` is on it.
void search_schema_of_path(Oid schema) {
    if (pg::standing_of(schema) != pg::SchemaStanding::kUnknown) {
        return;
    }
    if (!may_wait()) {
        path_is_unsettled = true; // it may next time
        return;
    }
    pg::run_once(&is_busy, learn_schema, &schema);
    if (pg::standing_of(schema) != pg::SchemaStanding::kUnknown) {
        return;
    }
    path_is_unsettled = true;
    if (!path_was_checked) {
        path_was_checked = true;
        pg::run_once(&is_busy, check_path, nullptr);
    }
}

void access_hook(ObjectAccessType access, Oid class_id, Oid object, int sub_id, void* argument) {
    if (next_access_hook != nullptr) {
        next_access_hook(access, class_id, object, sub_id, argument);
    }
    if (access != OAT_NAMESPACE_SEARCH) {
        return;
    }
    const auto* search = static_cast<ObjectAccessNamespaceSearch*>(argument);
    if (!search->result) {
        return; // another hook denies it
    }
    if (search->ereport_on_violation) {
        search_schema(object);
    } else {
        search_schema_of_path(object);
    }
}

/// The next name without a schema makes the server compute its path anew, and so call our hook.
void arm() {
    path_was_checked = false;
    if (path_is_unsettled) {
        path_is_unsettled = false; // computing it will tell
        assign_search_path(namespace_search_path, nullptr);
    }
}

void analyze_hook(ParseState* state, Query* query, JumbleState* jumble) {
    if (next_analyze_hook != nullptr) {
        next_analyze_hook(state, query, jumble);
    }
    arm();
}

void transaction_ended(XactEvent event, void* /*unused*/) {
    if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT) {
        arm();
    }
}

void subtransaction_ended(SubXactEvent event, SubTransactionId /*mine*/,
                          SubTransactionId /*parent*/, void* /*unused*/) {
    if (event == SUBXACT_EVENT_ABORT_SUB) {
        arm();
    }
}

void standing_changed() {
    path_is_unsettled = true;
}

} // namespace

void install_hooks() {
    pg::learn_parse_places();
    pg::start_schema_cache(standing_changed);
    next_access_hook = object_access_hook;
    object_access_hook = access_hook;
    next_analyze_hook = post_parse_analyze_hook;
    post_parse_analyze_hook = analyze_hook;
    RegisterXactCallback(transaction_ended, nullptr);
    RegisterSubXactCallback(subtransaction_ended, nullptr);
}

void timeout_changed() noexcept {
    path_is_unsettled = true;
}

} // namespace penstock::waiting
