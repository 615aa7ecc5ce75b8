#pragma once

#include "penstock/types/error.hpp"

#include <exception>
#include <new>
#include <utility>

#include "pg/postgres.hpp"

/// The wall between C++ and PostgreSQL.
///
/// The rule that everything in fdw/ and pg/ follows: a frame either calls PostgreSQL functions that
/// may raise, and then owns nothing with a destructor; or it runs C++ that may throw, inside
/// `guarded`, and calls nothing of PostgreSQL. C++ objects live in memory contexts (`make_owned`),
/// so an error anywhere destroys them. Exceptions never reach C, jumps never cross a destructor.
namespace penstock::pg {

/// Runs C++ that may throw. On failure writes `error` and returns false. `error` belongs to an
/// object of make_owned, never to a local: the caller raises it next.
template <typename Function>
[[nodiscard]] bool guarded(Error& error, Function&& function) noexcept {
    try {
        std::forward<Function>(function)();
        return true;
    } catch (const Exception& exception) {
        error = exception.error();
    } catch (const std::bad_alloc&) {
        error = Error::make(ErrorKind::kLimit, "out of memory");
        error.sqlstate = "53200";
    } catch (const std::exception& exception) {
        error = Error::make(ErrorKind::kInternal, exception.what());
    } catch (...) {
        error = Error::make(ErrorKind::kInternal, "unknown C++ exception");
    }
    return false;
}

/// Raises `error` as a PostgreSQL error. `error` must not live in the calling frame.
/// `connection` and `table`, when given, go into its CONTEXT.
[[noreturn]] void raise(const Error& error, const char* connection = nullptr,
                        const char* table = nullptr);

/// Raises an error that does not come from C++: `sqlstate` is an ERRCODE_ constant; `detail` and
/// `hint` may be null.
[[noreturn]] void raise(int sqlstate, const char* message, const char* detail, const char* hint);

/// One line in the server's log, and nothing for the client; without statement and context.
void log_line(const char* text);

/// Raises a WARNING with this text.
void warn(const std::string& text);

namespace detail {
/// Memory of `bytes` in `context`, aligned for any object up to 8 bytes.
void* allocate(MemoryContext context, Size bytes);
void on_reset(MemoryContext context, void (*destroy)(void*), void* object);
} // namespace detail

/// A C++ object owned by a memory context: destroyed when the context is reset or deleted, which
/// also happens on error. Its destructor is noexcept and calls nothing of PostgreSQL that may
/// raise. T's default constructor must not throw.
template <typename T>
T* make_owned(MemoryContext context) {
    static_assert(std::is_nothrow_default_constructible_v<T>);
    static_assert(alignof(T) <= 8);
    void* memory = detail::allocate(context, sizeof(T));
    T* object = new (memory) T();
    // Registering allocates nothing: detail::allocate left room for the callback.
    detail::on_reset(context, [](void* pointer) { static_cast<T*>(pointer)->~T(); }, object);
    return object;
}

} // namespace penstock::pg
