#include "pg/boundary.hpp"

namespace penstock::pg {

namespace {

/// Room for the reset callback in front of the object, so that between the object's construction
/// and its registration nothing can fail.
constexpr Size kCallbackBytes = MAXALIGN(sizeof(MemoryContextCallback));

/// A text of C++, which is UTF-8, for a message. What the database's encoding lacks becomes "?":
/// a message must not fail for want of a character.
const char* message_text(const std::string& text) {
    if (GetDatabaseEncoding() != PG_LATIN1) {
        return text.c_str(); // UTF8, or any bytes
    }
    auto* converted = static_cast<char*>(palloc(text.size() + 1));
    char* end = converted;
    for (std::size_t at = 0; at < text.size();) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(text.c_str()) + at;
        const int width = pg_utf_mblen(bytes);
        const pg_wchar character = utf8_to_unicode(bytes);
        *end++ = character <= 0xFF ? static_cast<char>(character) : '?';
        at += static_cast<std::size_t>(width);
    }
    *end = '\0';
    return converted;
}

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
    ereport(ERROR, (errcode(code_of(sqlstate)), errmsg_internal("%s", message_text(error.message)),
                    error.detail.empty() ? 0 : errdetail_internal("%s", message_text(error.detail)),
                    error.hint.empty() ? 0 : errhint("%s", message_text(error.hint)),
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

void log_line(const char* text) {
    ereport(LOG_SERVER_ONLY,
            (errmsg_internal("%s", text), errhidestmt(true), errhidecontext(true)));
}

void warn(const std::string& text) {
    ereport(WARNING, (errmsg_internal("%s", message_text(text))));
}

} // namespace penstock::pg
