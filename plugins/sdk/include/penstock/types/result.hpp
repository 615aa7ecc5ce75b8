#pragma once

#include "penstock/types/error.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace penstock {

/// A value, or the Error that took its place.
///
/// For code that must not throw: everything in types/ and protocol/, which also runs in a backend.
template <typename T>
class [[nodiscard]] Result {
  public:
    // NOLINTBEGIN(google-explicit-constructor): `return value;` and `return error;` are the point
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
    // NOLINTEND(google-explicit-constructor)

    [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return ok(); }

    /// The value; only when ok().
    [[nodiscard]] T& value() & { return std::get<0>(state_); }
    [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
    [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
    [[nodiscard]] T* operator->() { return &std::get<0>(state_); }
    [[nodiscard]] const T* operator->() const { return &std::get<0>(state_); }

    /// The error; only when not ok().
    [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

    /// The value, or the error thrown as Exception: for code that may throw.
    [[nodiscard]] T take() && {
        if (!ok()) {
            throw Exception(std::get<1>(std::move(state_)));
        }
        return std::get<0>(std::move(state_));
    }

  private:
    std::variant<T, Error> state_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {} // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool ok() const noexcept { return !error_.has_value(); }
    explicit operator bool() const noexcept { return ok(); }
    [[nodiscard]] const Error& error() const { return *error_; }
    void take() && {
        if (error_) {
            throw Exception(*std::move(error_));
        }
    }

  private:
    std::optional<Error> error_;
};

using Status = Result<void>;

} // namespace penstock
