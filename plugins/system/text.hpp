#pragma once

#include "penstock/types/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reading and cutting the small texts that /proc, /sys and /etc are made of.
namespace penstock::system {

/// The whole file, or nothing when it cannot be read; errno then says why.
[[nodiscard]] std::optional<std::string> try_read_file(const std::string& path);

/// The whole file. Errors: throws kPermission or kUnavailable, naming the path; `hint` goes along.
[[nodiscard]] std::string read_file(const std::string& path, const std::string& hint = {});

/// Reads until the end of `fd`. False on a failure; errno then says why.
[[nodiscard]] bool read_all(int fd, std::string& out);

/// Throws the Exception for a failed call on `path`: kPermission for EACCES and EPERM, else
/// kUnavailable. `what` is the verb: "read", "open".
[[noreturn]] void throw_errno(int error, const char* what, const std::string& path,
                              const std::string& hint = {});

/// Parts between `separator`s, empty ones included; no part for an empty text.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
/// Parts between runs of blanks and tabs.
[[nodiscard]] std::vector<std::string_view> words(std::string_view text);
/// Without blanks, tabs and line ends at both sides.
[[nodiscard]] std::string_view trim(std::string_view text);

/// The number, when the whole text is one.
[[nodiscard]] std::optional<std::int64_t> to_integer(std::string_view text, int base = 10);
[[nodiscard]] std::optional<double> to_double(std::string_view text);

/// The value behind `key` in lines of the form "key: value" or "key=value"; trimmed.
[[nodiscard]] std::optional<std::string_view> find_field(std::string_view text,
                                                         std::string_view key, char separator);

/// The text as PostgreSQL can store it: bytes that are not UTF-8, and NUL, as \xNN. File names and
/// command lines may hold anything.
[[nodiscard]] std::string printable(std::string_view text);

/// NULL for nothing, else the value.
template <typename T>
[[nodiscard]] Value value_or_null(const std::optional<T>& value) {
    return value ? Value(*value) : Value();
}
/// printable(), or NULL for an empty text.
[[nodiscard]] Value text_or_null(std::string_view text);

} // namespace penstock::system
