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
ExecutorEnd_hook_type next_executor_end_hook = nullptr;
ProcessUtility_hook_type next_utility_hook = nullptr;

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
           CritSectionCount == 0 && !RecoveryInProgress() && !HistoricSnapshotActive() &&
           !IsBinaryUpgrade;
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

/// Reads what is not known of a schema.
void learn_schema(void* argument) {
    const Oid schema = *static_cast<Oid*>(argument);
    const std::uint64_t age = pg::schema_cache_age();
    const char* connection = pg::name_of_our_schema(schema);
    pg::ConnectionRow row = {};
    pg::SchemaStanding standing = pg::SchemaStanding::kNotOurs;
    if (connection != nullptr && pg::read_connection(connection, &row)) {
        const bool is_settled = row.state == pg::ConnectionState::kReady && row.is_imported;
        standing = is_settled ? pg::SchemaStanding::kSettled : pg::SchemaStanding::kUnsettled;
    }
    pg::remember_schema(schema, standing, age);
}

/// Does the schema hold nothing back?
bool is_settled(Oid schema) {
    if (pg::standing_of(schema) == pg::SchemaStanding::kUnknown) {
        pg::run_once(&is_busy, learn_schema, &schema);
    }
    const pg::SchemaStanding standing = pg::standing_of(schema);
    return standing == pg::SchemaStanding::kSettled || standing == pg::SchemaStanding::kNotOurs;
}

/// A qualified name is looked up in `*argument`, a schema that is not settled.
void look_in_schema(void* argument) {
    const Oid schema = *static_cast<Oid*>(argument);
    const char* connection = pg::name_of_our_schema(schema);
    if (connection == nullptr) {
        return;
    }
    const pg::NameList names = names_looked_up(connection);
    const bool is_known = names.count > 0;
    const Wanted wanted = {names.names, names.count, nullptr, 0, is_known, !is_known};
    (void)wait_for_tables(connection, schema, &wanted, GetCurrentTimestamp(),
                          pg::schema_wait_timeout_ms);
}

void check_path(void* /*unused*/) {
    wait_for_unqualified_names();
}

void search_schema(Oid schema) {
    const pg::SchemaStanding standing = pg::standing_of(schema);
    if (standing == pg::SchemaStanding::kSettled || standing == pg::SchemaStanding::kNotOurs ||
        !may_wait() || is_settled(schema)) {
        return;
    }
    pg::run_once(&is_busy, look_in_schema, &schema);
}

/// The search path is computed, and `schema` is on it.
void search_schema_of_path(Oid schema) {
    if (pg::schema_wait_timeout_ms == 0 || schema < FirstNormalObjectId) {
        return; // a change of the setting is told
    }
    if (!may_wait()) {
        path_is_unsettled = true; // it may next time
        return;
    }
    if (is_settled(schema)) {
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

/// Also in the middle of looking a name up: the statement in hand has not looked at it yet.
void standing_changed() {
    path_is_unsettled = true;
    path_was_checked = false;
    assign_search_path(namespace_search_path, nullptr);
}

/// What was computed while a statement ran says nothing about the next one.
void executor_end_hook(QueryDesc* query) {
    if (next_executor_end_hook != nullptr) {
        next_executor_end_hook(query);
    } else {
        standard_ExecutorEnd(query);
    }
    arm();
}

// NOLINTNEXTLINE(readability-function-size): the server's signature
void utility_hook(PlannedStmt* statement, const char* text, bool is_read_only,
                  ProcessUtilityContext context, ParamListInfo parameters,
                  QueryEnvironment* environment, DestReceiver* receiver,
                  QueryCompletion* completion) {
    const auto next = next_utility_hook != nullptr ? next_utility_hook : &standard_ProcessUtility;
    next(statement, text, is_read_only, context, parameters, environment, receiver, completion);
    arm();
}

} // namespace

void install_hooks() {
    pg::learn_parse_places();
    pg::start_schema_cache(standing_changed);
    next_access_hook = object_access_hook;
    object_access_hook = access_hook;
    next_analyze_hook = post_parse_analyze_hook;
    post_parse_analyze_hook = analyze_hook;
    next_executor_end_hook = ExecutorEnd_hook;
    ExecutorEnd_hook = executor_end_hook;
    next_utility_hook = ProcessUtility_hook;
    ProcessUtility_hook = utility_hook;
    RegisterXactCallback(transaction_ended, nullptr);
    RegisterSubXactCallback(subtransaction_ended, nullptr);
}

void timeout_changed() noexcept {
    path_is_unsettled = true;
}

} // namespace penstock::waiting
