#pragma once

#include "pg/wait.hpp"

#include <cstdint>

#include "pg/lookup_headers.hpp"

/// One query's wait for the tables of one connection: the time it may take, what it asks of the
/// controller, and the errors that end it.
namespace penstock::pg {

/// Setting penstock.schema_wait_timeout, milliseconds; 0 = queries do not wait.
extern int schema_wait_timeout_ms;

/// Plain old data; the texts live as long as the wait.
struct SchemaWait {
    const char* connection; ///< also the name of the schema
    Oid schema;             ///< InvalidOid: it is not there yet
    const char* state;      ///< as last read, for messages
    TimestampTz started;
    std::int64_t timeout_ms; ///< all of it, from `started`
};

enum class Answer : std::uint8_t {
    kLoaded,  ///< the loader had the load lock, and has released it
    kSettled, ///< the controller says: look again
    kGone,    ///< nobody answers, or he who did is gone: he may be restarting
};

/// Asks the controller to put the connection first, and waits: for the controller while that one
/// asks the plugin, for the load lock while tables are made. Afterwards this backend has heard of
/// every change. Raises: what check_wait() raises; what interrupts raise; 40P01 for a deadlock;
/// 42501 when somebody else sits at the socket; 53000 without file descriptors.
[[nodiscard]] Answer ask_controller(const SchemaWait* wait);

/// Rests for `ms`, or for what is left. Raises as check_wait().
void rest_in_wait(const SchemaWait* wait, int ms);

/// Raises 55000 when the time of the wait is over, and 55P03 when lock_timeout is.
void check_wait(const SchemaWait* wait);

[[noreturn]] void raise_late(const SchemaWait* wait);
[[noreturn]] void raise_controller_gone(const SchemaWait* wait);
/// HV00N: the connection's own error instead of "relation does not exist".
[[noreturn]] void raise_in_error(const char* connection, const char* error);

/// The same beside the server's own error: a NOTICE for a name without a schema.
void tell_in_error(const char* connection, const char* plugin, const char* error);

/// While it lives in a frame, errors say what was waited for: CONTEXT, also of cancel and timeouts.
struct WaitContext {
    ErrorContextCallback callback;
};
void push_wait_context(WaitContext* context, const SchemaWait* wait);
void pop_wait_context(const WaitContext* context);

} // namespace penstock::pg
