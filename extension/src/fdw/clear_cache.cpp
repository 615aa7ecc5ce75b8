#include "core/schema_session.hpp"
#include "fdw/fetch_schema.hpp"

#include "pg/boundary.hpp"
#include "pg/table.hpp"
#include "pg/wait.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(penstock_clear_plugin_cache);
}

/// penstock.clear_plugin_cache(server name, connection text): the plugin has forgotten when it
/// returns. An empty connection means all.
Datum penstock_clear_plugin_cache(PG_FUNCTION_ARGS) {
    using namespace penstock;
    const pg::TableInfo* table =
        pg::read_server(get_foreign_server_oid(NameStr(*PG_GETARG_NAME(0)), false));
    auto* session = pg::make_owned<core::SchemaSession>(CurrentMemoryContext);
    auto* socket = pg::make_owned<pg::Socket>(CurrentMemoryContext);
    if (!session->open_clear(text_to_cstring(PG_GETARG_TEXT_PP(1)))) {
        pg::raise(session->error());
    }
    pg::connect_socket(socket, {table->socket, table->uid, table->plugin});
    fdw::fetch_schema(session, socket);
    PG_RETURN_VOID();
}
