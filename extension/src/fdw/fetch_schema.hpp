#pragma once

#include "core/schema_session.hpp"

#include "pg/wait.hpp"

namespace penstock::fdw {

/// Sends what `session` has to say over the connected `socket`, receives the answer and closes.
/// Raises on any failure.
void fetch_schema(core::SchemaSession* session, pg::Socket* socket);

} // namespace penstock::fdw
