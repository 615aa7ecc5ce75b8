#include "pg/schema_wait.hpp"

#include "penstock/protocol/wait_request.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include <sys/socket.h>

#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/connection_rows.hpp"
#include "pg/load_lock.hpp"

namespace penstock::pg {

int schema_wait_timeout_ms = 30'000;

namespace {

WaitEvent schema_event = {"PenstockSchema", 0};

std::int64_t elapsed_ms(const SchemaWait* wait) {
    return (GetCurrentTimestamp() - wait->started) / 1000;
}

/// At least 1: for functions that take 0 for "no limit".
int left_ms(const SchemaWait* wait) {
    const std::int64_t left = wait->timeout_ms - elapsed_ms(wait);
    return static_cast<int>(std::clamp<std::int64_t>(left, 1, INT_MAX));
}

/// Both parts of a wait share one lock_timeout. 0: there is none; else at least 1.
int left_of_lock_timeout_ms(const SchemaWait* wait) {
    return LockTimeout == 0 ? 0
                            : static_cast<int>(std::clamp<std::int64_t>(
                                  LockTimeout - elapsed_ms(wait), 1, INT_MAX));
}

/// For the socket, or only for the time when `fd` is none; never past the end of the wait.
void wait_for(const SchemaWait* wait, pgsocket fd, int most_ms) {
    long time_ms = std::min(left_ms(wait), most_ms);
    if (LockTimeout > 0) {
        time_ms = std::min<long>(time_ms, left_of_lock_timeout_ms(wait));
    }
    wait_once(fd == PGINVALID_SOCKET ? 0 : WL_SOCKET_READABLE, fd, time_ms, &schema_event);
    check_wait(wait);
}

/// Nobody there is no error here: the controller may be restarting.
bool connect_to(Socket* socket, const ControllerRow* controller) {
    if (controller->socket == nullptr) {
        return false;
    }
    const Address address = {controller->socket, controller->uid, nullptr};
    TimestampTz started = GetCurrentTimestamp();
    return try_connect(socket, address, &started);
}

bool send_request(Socket* socket, const char* connection) {
    const std::size_t name_bytes = std::strlen(connection);
    if (name_bytes > kMaxWaitNameBytes) {
        return false;
    }
    char request[sizeof(WaitHeader) + kMaxWaitNameBytes];
    const WaitHeader header = make_wait_header(name_bytes);
    std::memcpy(request, &header, sizeof(header));
    std::copy_n(connection, name_bytes, request + sizeof(header));
    return send_all(socket, request, sizeof(header) + name_bytes);
}

/// The next reply; false when there will be none.
bool next_reply(const SchemaWait* wait, Socket* socket, WaitReply* reply) {
    for (;;) {
        unsigned char byte = 0;
        const ssize_t got = ::recv(socket->fd(), &byte, 1, 0);
        if (got == 1) {
            *reply = static_cast<WaitReply>(byte);
            return true;
        }
        if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
            return false;
        }
        wait_for(wait, socket->fd(), INT_MAX);
    }
}

Oid current_schema_of(const SchemaWait* wait) {
    return OidIsValid(wait->schema) ? wait->schema : get_namespace_oid(wait->connection, true);
}

Answer converse(const SchemaWait* wait, Socket* socket) {
    const ControllerRow controller = read_controller();
    WaitReply reply{};
    if (!connect_to(socket, &controller) || !send_request(socket, wait->connection) ||
        !next_reply(wait, socket, &reply)) {
        return Answer::kGone;
    }
    if (reply == WaitReply::kSettled) {
        return Answer::kSettled;
    }
    if (reply != WaitReply::kLoading) {
        return Answer::kGone;
    }
    AcceptInvalidationMessages(); // the loader may have made the schema
    const Oid schema = current_schema_of(wait);
    if (!OidIsValid(schema)) {
        return next_reply(wait, socket, &reply) ? Answer::kSettled : Answer::kGone;
    }
    check_wait(wait);
    wait_for_load_lock(
        schema, left_ms(wait), left_of_lock_timeout_ms(wait),
        [](void* context) { raise_late(static_cast<const SchemaWait*>(context)); },
        const_cast<SchemaWait*>(wait));
    return Answer::kLoaded;
}

void add_wait_context(void* argument) {
    errcontext_msg("waiting for the tables of connection \"%s\"",
                   static_cast<const SchemaWait*>(argument)->connection);
}

} // namespace

Answer ask_controller(const SchemaWait* wait) {
    auto* socket = make_owned<Socket>(CurrentMemoryContext);
    const Answer answer = converse(wait, socket);
    socket->close();
    AcceptInvalidationMessages();
    return answer;
}

void rest_in_wait(const SchemaWait* wait, int ms) {
    wait_for(wait, PGINVALID_SOCKET, ms);
    AcceptInvalidationMessages();
}

void check_wait(const SchemaWait* wait) {
    const std::int64_t elapsed = elapsed_ms(wait);
    if (LockTimeout > 0 && elapsed >= LockTimeout && LockTimeout <= wait->timeout_ms) {
        ereport(ERROR, (errcode(ERRCODE_LOCK_NOT_AVAILABLE),
                        errmsg("canceling statement due to lock timeout")));
    }
    if (elapsed >= wait->timeout_ms) {
        raise_late(wait);
    }
}

void raise_late(const SchemaWait* wait) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("connection \"%s\" was not ready in time", wait->connection),
                    errdetail("It is in state %s after %lld ms of waiting.",
                              wait->state == nullptr ? "pending" : wait->state,
                              static_cast<long long>(elapsed_ms(wait))),
                    errhint("Try again later, or raise penstock.schema_wait_timeout. Table "
                            "penstock.connection_state has the state of all connections.")));
    pg_unreachable();
}

void raise_controller_gone(const SchemaWait* wait) {
    ereport(ERROR, (errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
                    errmsg("connection \"%s\" has no tables yet and the controller does not run",
                           wait->connection),
                    errdetail("It is in state %s, and nobody is there to load it.", wait->state),
                    errhint("Start the controller: penstock service start.")));
    pg_unreachable();
}

void raise_in_error(const char* connection, const char* error) {
    ereport(ERROR, (errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
                    errmsg("connection \"%s\" is in error: %s", connection,
                           error == nullptr ? "the reason is not known" : error),
                    errhint("Try again with \"penstock connection refresh %s\" or \"select "
                            "penstock.refresh(%s)\".",
                            connection, quote_literal_cstr(connection))));
    pg_unreachable();
}

void tell_in_error(const char* connection, const char* plugin, const char* error) {
    ereport(
        NOTICE,
        (errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
         errmsg("connection \"%s\" is in error: %s", connection,
                error == nullptr ? "the reason is not known" : error),
         errdetail("It is the first one of plugin \"%s\" on the search path, where names without "
                   "a schema are looked for.",
                   plugin == nullptr ? "" : plugin),
         errhint("Try again with \"penstock connection refresh %s\" or \"select "
                 "penstock.refresh(%s)\".",
                 connection, quote_literal_cstr(connection))));
}

void push_wait_context(WaitContext* context, const SchemaWait* wait) {
    context->callback.callback = add_wait_context;
    context->callback.arg = const_cast<SchemaWait*>(wait);
    context->callback.previous = error_context_stack;
    error_context_stack = &context->callback;
}

void pop_wait_context(const WaitContext* context) {
    error_context_stack = context->callback.previous;
}

} // namespace penstock::pg
