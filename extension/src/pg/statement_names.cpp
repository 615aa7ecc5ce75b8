#include "pg/statement_names.hpp"

#include <algorithm>
#include <cstring>

#include "pg/compat.hpp"

namespace penstock::pg {

namespace {

void (*parser_callback)(void*) = nullptr; ///< a static function of the server

/// Statements, then what PL/pgSQL has that is none: expressions, and assignments to a variable, a
/// field of one, a field of that.
constexpr RawParseMode kModes[] = {RAW_PARSE_DEFAULT, RAW_PARSE_PLPGSQL_EXPR,
                                   RAW_PARSE_PLPGSQL_ASSIGN1, RAW_PARSE_PLPGSQL_ASSIGN2,
                                   RAW_PARSE_PLPGSQL_ASSIGN3};

struct Collector {
    const char* schema; ///< null: names without a schema
    List* names;        ///< char*
    List* ctes;         ///< char*
};

bool collect(Node* node, void* argument);

void collect_relation(const RangeVar* relation, Collector* found) {
    const bool is_wanted = found->schema == nullptr
                               ? relation->schemaname == nullptr
                               : relation->schemaname != nullptr &&
                                     std::strcmp(relation->schemaname, found->schema) == 0;
    if (is_wanted) {
        found->names = lappend(found->names, relation->relname);
    }
}

bool collect(Node* node, void* argument) {
    auto* found = static_cast<Collector*>(argument);
    if (node == nullptr) {
        return false;
    }
    switch (nodeTag(node)) {
    case T_RangeVar:
        collect_relation(reinterpret_cast<RangeVar*>(node), found);
        return false;
    case T_CommonTableExpr:
        found->ctes = lappend(found->ctes, reinterpret_cast<CommonTableExpr*>(node)->ctename);
        break;
    case T_IntoClause:    // a table that is to be made
    case T_LockingClause: // names that stand in FROM
        return false;
    default:
        break;
    }
    return walk_raw_tree(node, collect, argument);
}

/// Of a utility statement, the part whose names are looked up as those of a query.
Node* query_of(Node* statement) {
    switch (nodeTag(statement)) {
    case T_SelectStmt:
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
#if PG_VERSION_NUM >= 150000
    case T_MergeStmt:
#endif
        return statement;
    case T_ExplainStmt:
        return reinterpret_cast<ExplainStmt*>(statement)->query;
    case T_CreateTableAsStmt:
        return reinterpret_cast<CreateTableAsStmt*>(statement)->query;
    case T_DeclareCursorStmt:
        return reinterpret_cast<DeclareCursorStmt*>(statement)->query;
    case T_PrepareStmt:
        return reinterpret_cast<PrepareStmt*>(statement)->query;
    case T_ViewStmt:
        return reinterpret_cast<ViewStmt*>(statement)->query;
    case T_CopyStmt: {
        auto* copy = reinterpret_cast<CopyStmt*>(statement);
        return copy->query != nullptr ? copy->query : reinterpret_cast<Node*>(copy->relation);
    }
    case T_PLAssignStmt:
        return reinterpret_cast<Node*>(reinterpret_cast<PLAssignStmt*>(statement)->val);
    default:
        return nullptr;
    }
}

void collect_statement(Node* statement, Collector* found) {
    Node* query = query_of(statement);
    // EXPLAIN CREATE TABLE AS, EXPLAIN DECLARE: one in the other.
    if (query != nullptr && query != statement && nodeTag(query) != T_RangeVar) {
        collect_statement(query, found);
    } else if (query != nullptr) {
        (void)collect(query, found);
    }
}

bool covers(const RawStmt* statement, int location) {
    const int end = statement->stmt_location + statement->stmt_len;
    return location < 0 ||
           (location >= statement->stmt_location && (statement->stmt_len == 0 || location < end));
}

void collect_text(const char* text, RawParseMode mode, int location, Collector* found) {
    List* statements = raw_parser(text, mode);
    if (location < 0 && list_length(statements) != 1) {
        return; // which one is meant is not known, and what later ones need may be made before
    }
    ListCell* cell = nullptr;
    foreach (cell, statements) {
        auto* statement = static_cast<RawStmt*>(lfirst(cell));
        if (covers(statement, location)) {
            collect_statement(statement->stmt, found);
        }
    }
}

/// Errors that say nothing but "this is no such text": parsing takes no locks and opens nothing, so
/// there is nothing to roll back.
bool is_about_text(int code) {
    const int category = ERRCODE_TO_CATEGORY(code);
    return category == ERRCODE_TO_CATEGORY(ERRCODE_SYNTAX_ERROR) ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_DATA_EXCEPTION) ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_FEATURE_NOT_SUPPORTED) ||
           code == ERRCODE_INTERNAL_ERROR; // a node that the tree walker does not know
}

/// What the parser has to say of the text (names that are cut, escapes) it has said already.
bool try_collect(const char* text, RawParseMode mode, int location, Collector* found) {
    MemoryContext const context = CurrentMemoryContext;
    const int for_client = client_min_messages;
    const int for_log = log_min_messages;
    volatile bool is_parsed = true;
    client_min_messages = std::max(for_client, ERROR);
    log_min_messages = std::max(for_log, ERROR);
    PG_TRY();
    collect_text(text, mode, location, found);
    PG_CATCH();
    client_min_messages = for_client;
    log_min_messages = for_log;
    if (!is_about_text(geterrcode())) {
        PG_RE_THROW();
    }
    MemoryContextSwitchTo(context);
    FlushErrorState();
    is_parsed = false;
    PG_END_TRY();
    client_min_messages = for_client;
    log_min_messages = for_log;
    return is_parsed;
}

bool contains(const List* names, const char* name) {
    ListCell* cell = nullptr;
    foreach (cell, names) {
        if (std::strcmp(static_cast<const char*>(lfirst(cell)), name) == 0) {
            return true;
        }
    }
    return false;
}

NameList collected(const char* text, const char* schema, int location) {
    Collector found = {schema, NIL, NIL};
    NameList list = {nullptr, 0};
    bool is_parsed = false;
    for (std::size_t mode = 0; mode < lengthof(kModes) && !is_parsed; ++mode) {
        found = {schema, NIL, NIL};
        is_parsed = try_collect(text, kModes[mode], mode == 0 ? location : -1, &found);
    }
    if (!is_parsed) {
        return list;
    }
    list.names =
        static_cast<const char**>(palloc(sizeof(const char*) * (list_length(found.names) + 1)));
    ListCell* cell = nullptr;
    foreach (cell, found.names) {
        const auto* name = static_cast<const char*>(lfirst(cell));
        if (schema != nullptr || !contains(found.ctes, name)) {
            list.names[list.count++] = name;
        }
    }
    return list;
}

} // namespace

void learn_parse_places() {
    ParseCallbackState probe = {};
    setup_parser_errposition_callback(&probe, nullptr, -1);
    parser_callback = error_context_stack->callback;
    cancel_parser_errposition_callback(&probe);
}

ParsePlace current_parse_place() {
    const ErrorContextCallback* const top = error_context_stack;
    if (top == nullptr || top->callback != parser_callback) {
        return {nullptr, -1, nullptr};
    }
    const auto* note = static_cast<ParseCallbackState*>(top->arg);
    const char* text = note->pstate == nullptr ? nullptr : note->pstate->p_sourcetext;
    const bool is_inside = text != nullptr && note->location >= 0 &&
                           static_cast<std::size_t>(note->location) < std::strlen(text);
    return {text, is_inside ? note->location : -1, note->pstate};
}

NameList unqualified_names(const char* text, int location) {
    return collected(text, nullptr, location);
}

NameList names_in_schema(const char* text, const char* schema) {
    return collected(text, schema, -1);
}

bool is_known_to_parser(ParseState* state, const char* name) {
    return state != nullptr && name_matches_visible_ENR(state, name);
}

} // namespace penstock::pg
