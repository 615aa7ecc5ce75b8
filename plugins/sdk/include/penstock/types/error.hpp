#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace penstock {

/// What went wrong, as far as it decides what the receiver does next.
///
/// The numbers go over the wire: never reuse one. A receiver that does not know a number treats it
/// as kInternal. The SQLSTATE of each kind is in `sqlstate_of`.
enum class ErrorKind : std::uint8_t {
    kInternal = 0,    ///< a bug of ours; XX000
    kUnavailable = 1, ///< the source or the plugin cannot be reached now; HV00N
    kNotFound = 2,    ///< no such table; HV00R
    kType = 3,        ///< a value or column has another type than agreed; HV004
    kOption = 4,      ///< a bad or missing argument; the hint lists the valid ones; HV00D
    kRemote = 5,      ///< the source answered with an error; HV000
    kPermission = 6,  ///< the source refused; 42501
    kLimit = 7,       ///< a limit of ours or of the source; 53000
    kCancelled = 8,   ///< the query was cancelled; 57014
    kProtocol = 9,    ///< bytes that break the wire contract; 08P01
    kData = 10,       ///< a value in the source that cannot be read; 22000
    kNoColumn = 11,   ///< no such column; HV005
    kConnection = 12, ///< the stream ended without its END frame; 08006
    kKeyMissing = 13, ///< a required key column has no usable condition; HV00L
};

/// One failure, the same shape in a plugin, on the wire, in the controller and in the extension.
///
/// `message` follows PostgreSQL's style: lower case, no full stop, names in double quotes.
/// `detail` and `hint` are whole sentences, or empty.
struct Error {
    ErrorKind kind = ErrorKind::kInternal;
    std::string message;
    std::string detail;
    std::string hint;
    std::string sqlstate; ///< five characters that override the kind's own, or empty
    std::string argument; ///< configuration argument that is to blame, or empty
    bool retryable = false;

    [[nodiscard]] static Error make(ErrorKind kind, std::string message, std::string detail = {},
                                    std::string hint = {}) {
        Error error;
        error.kind = kind;
        error.message = std::move(message);
        error.detail = std::move(detail);
        error.hint = std::move(hint);
        return error;
    }
};

/// The SQLSTATE that an error is raised with: its own, or that of its kind. Always five characters.
[[nodiscard]] const char* sqlstate_of(const Error& error) noexcept;

/// The kind for a number from the wire; kInternal for one that is not known.
[[nodiscard]] ErrorKind error_kind_from_wire(std::uint32_t number) noexcept;

/// The one exception type: an Error in flight. Never crosses a C frame (boundary rule B1).
class Exception : public std::runtime_error {
  public:
    explicit Exception(Error error) : std::runtime_error(error.message), error_(std::move(error)) {}
    Exception(ErrorKind kind, std::string message, std::string detail = {}, std::string hint = {})
        : Exception(Error::make(kind, std::move(message), std::move(detail), std::move(hint))) {}

    [[nodiscard]] const Error& error() const noexcept { return error_; }

  private:
    Error error_;
};

} // namespace penstock
