#include "core/schema_session.hpp"
#include "fdw/fetch_schema.hpp"

#include <cerrno>
#include <cstring>

#include "fdw/callbacks.hpp"
#include "pg/boundary.hpp"
#include "pg/conversion.hpp"
#include "pg/table.hpp"
#include "pg/wait.hpp"

/// IMPORT FOREIGN SCHEMA connection FROM SERVER instance INTO schema: asks the plugin for the
/// connection's tables and answers with CREATE FOREIGN TABLE statements. The server itself filters
/// LIMIT TO and EXCEPT, and accepts no other kind of statement.
namespace penstock::fdw {

void fetch_schema(core::SchemaSession* session, pg::Socket* socket) {
    using Event = core::SchemaSession::Event;
    const std::span<const char> outgoing = session->outgoing();
    (void)pg::send_all(socket, outgoing.data(), outgoing.size());
    Event event = Event::kNeedBytes;
    while (event == Event::kNeedBytes) {
        const std::span<std::byte> want = session->want();
        if (want.empty()) {
            pg::raise(session->error());
        }
        const ssize_t got = pg::receive(socket, want.data(), want.size());
        event = got > 0 ? session->received(static_cast<std::size_t>(got))
                        : session->closed(got < 0 ? strerror(errno) : nullptr);
    }
    socket->close();
    if (event == Event::kError) {
        pg::raise(session->error());
    }
}

namespace {

/// `options` null: there was no memory for them, which `session` says.
void append_options(StringInfo sql, const core::SchemaSession* session,
                    const std::vector<OptionText>* options) {
    if (options == nullptr) {
        pg::raise(session->error());
    }
    if (options->empty()) {
        return;
    }
    const char* separator = " OPTIONS (";
    const std::size_t count = options->size();
    for (std::size_t index = 0; index < count; ++index) {
        const OptionText& option = (*options)[index];
        appendStringInfo(sql, "%s%s %s", separator, quote_identifier(option.name.c_str()),
                         quote_literal_cstr(option.value.c_str()));
        separator = ", ";
    }
    appendStringInfoChar(sql, ')');
}

char* create_statement(core::SchemaSession* session, const TableSchema* table,
                       const char* server_name) {
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfo(&sql, "CREATE FOREIGN TABLE %s (", quote_identifier(table->name.c_str()));
    const std::size_t count = table->columns.size();
    for (std::size_t index = 0; index < count; ++index) {
        const Column& column = table->columns[index];
        const std::string_view type = find_type(column.type)->sql_name;
        appendStringInfo(&sql, "%s%s pg_catalog.%.*s", index > 0 ? ", " : "",
                         quote_identifier(column.name.c_str()), static_cast<int>(type.size()),
                         type.data());
        append_options(&sql, session, session->options_of(column));
    }
    appendStringInfo(&sql, ") SERVER %s", quote_identifier(server_name));
    append_options(&sql, session, session->options_of(*table));
    return sql.data;
}

/// The names after LIMIT TO, so that a plugin need not describe the rest.
const char** limit_names(const ImportForeignSchemaStmt* statement, int* count) {
    *count = 0;
    if (statement->list_type != FDW_IMPORT_SCHEMA_LIMIT_TO) {
        return nullptr;
    }
    auto** names =
        static_cast<const char**>(palloc(sizeof(const char*) * list_length(statement->table_list)));
    ListCell* cell = nullptr;
    foreach (cell, statement->table_list) {
        names[(*count)++] = pg::to_utf8(static_cast<RangeVar*>(lfirst(cell))->relname);
    }
    return names;
}

} // namespace
} // namespace penstock::fdw

using namespace penstock;
using namespace penstock::fdw;

List* penstock_import_foreign_schema(ImportForeignSchemaStmt* statement, Oid server) noexcept {
    if (statement->options != NIL) {
        pg::raise(ERRCODE_FDW_INVALID_OPTION_NAME,
                  psprintf("invalid option \"%s\"",
                           static_cast<DefElem*>(linitial(statement->options))->defname),
                  nullptr, "IMPORT FOREIGN SCHEMA takes no options here.");
    }
    pg::check_encoding();
    const pg::TableInfo* table = pg::read_server(server);
    auto* session = pg::make_owned<core::SchemaSession>(CurrentMemoryContext);
    auto* socket = pg::make_owned<pg::Socket>(CurrentMemoryContext);
    int count = 0;
    const char** names = limit_names(statement, &count);
    if (!session->open(pg::to_utf8(statement->remote_schema),
                       {names, static_cast<std::size_t>(count)})) {
        pg::raise(session->error());
    }
    pg::connect_socket(socket, {table->socket, table->uid, table->plugin});
    fetch_schema(session, socket);
    List* statements = NIL;
    for (std::size_t index = 0; index < session->tables().size(); ++index) {
        const char* sql = create_statement(session, &session->tables()[index],
                                           pg::to_utf8(statement->server_name));
        statements = lappend(statements, pg::from_utf8(sql, static_cast<int>(strlen(sql))));
    }
    return statements;
}
