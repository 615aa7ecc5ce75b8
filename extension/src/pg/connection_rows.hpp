#pragma once

#include <cstdint>

#include "pg/lookup_headers.hpp"

/// The controller's rows, read from their tables directly as they are now: also right in
/// REPEATABLE READ and READ ONLY transactions, without a search path, whatever the user may read.
/// Everything is palloc'd in the current context. All of it needs a transaction.
namespace penstock::pg {

enum class ConnectionState : std::uint8_t {
    kPending,
    kUpdating,
    kReady,
    kError,
    kDeleting,
    kDisabled,
    kOther, ///< of a newer version of the extension
};

/// What a waiting query needs of a row of penstock.connection_state. Texts may be null.
struct ConnectionRow {
    ConnectionState state;
    const char* state_name;
    const char* error;
    const char* plugin;
    const char* schema_hash;
    bool is_imported;
    bool is_static; ///< all connections of the plugin have the same tables
    std::int64_t generation;
};

/// False: there is no such row, or no extension.
[[nodiscard]] bool read_connection(const char* name, ConnectionRow* row);

/// Where the leading controller listens.
struct ControllerRow {
    const char* socket; ///< null: it was stopped
    std::int64_t uid;   ///< that it runs as
};
[[nodiscard]] ControllerRow read_controller();

enum class Offer : std::uint8_t {
    kNotKnown, ///< nothing is written down of this schema
    kNo,
    kYes,
};
/// Is the table among those that connections with this schema hash have?
[[nodiscard]] Offer find_offer(const char* schema_hash, const char* table);

/// The schema's name when it carries the marker of Penstock (sql/README.md), else null.
[[nodiscard]] const char* name_of_our_schema(Oid schema);

} // namespace penstock::pg
