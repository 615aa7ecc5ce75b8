#include "pg/boundary.hpp"

namespace penstock::pg {

namespace {

/// Room for the reset callback in front of the object, so that between the object's construction
/// and its registration nothing can fail.
constexpr Size kCallbackBytes = MAXALIGN(sizeof(MemoryContextCallback));

int code_of(const char* sqlstate) {
    return MAKE_SQLSTATE(sqlstate[0], sqlstate[1], sqlstate[2], sqlstate[3], sqlstate[4]);
}

} // namespace

namespace detail {

void* allocate(MemoryContext context, Size bytes) {
    auto* memory = static_cast<char*>(MemoryContextAllocZero(context, kCallbackBytes + bytes));
    return memory + kCallbackBytes;
}

void on_reset(MemoryContext context, void (*destroy)(void*), void* object) {
    auto* callback =
        reinterpret_cast<MemoryContextCallback*>(static_cast<char*>(object) - kCallbackBytes);
    callback->func = destroy;
    callback->arg = object;
    MemoryContextRegisterResetCallback(context, callback);
}

} // namespace detail

void raise(const Error& error, const char* connection, const char* table) {
    const char* sqlstate = sqlstate_of(error);
    ereport(ERROR, (errcode(code_of(sqlstate)), errmsg_internal("%s", error.message.c_str()),
                    error.detail.empty() ? 0 : errdetail_internal("%s", error.detail.c_str()),
                    error.hint.empty() ? 0 : errhint("%s", error.hint.c_str()),
                    table == nullptr ? 0
                                     : errcontext_msg("scan of table \"%s\" of connection \"%s\"",
                                                      table, connection)));
    pg_unreachable();
}

void raise(int sqlstate, const char* message, const char* detail, const char* hint) {
    ereport(ERROR, (errcode(sqlstate), errmsg_internal("%s", message),
                    detail == nullptr ? 0 : errdetail_internal("%s", detail),
                    hint == nullptr ? 0 : errhint("%s", hint)));
    pg_unreachable();
}

void warn(const char* text) {
    ereport(WARNING, (errmsg_internal("%s", text)));
}

} // namespace penstock::pg
