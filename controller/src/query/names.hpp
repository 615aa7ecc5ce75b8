#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a statement may refer to, found in its text without a parser of SQL: keywords, aliases and
/// columns look like names, too, so whoever asks must compare with what exists.
namespace penstock::query {

/// Identifiers joined by dots: "aws.bucket". Folded as the server folds them.
struct Name {
    std::vector<std::string> parts;
    std::size_t position = 0; ///< of the first part, in characters from 1, as the server counts

    /// The schema when this is a table's name; empty without one.
    [[nodiscard]] std::string schema() const {
        return parts.size() < 2 ? "" : parts[parts.size() - 2];
    }
    [[nodiscard]] const std::string& relation() const { return parts.back(); }
};

/// All names in a statement, in order, those in comments and string constants left out.
[[nodiscard]] std::vector<Name> names_in(std::string_view sql);

/// The names that string constants of the statement begin with, as in nextval('aws.number').
[[nodiscard]] std::vector<Name> names_in_constants(std::string_view sql);

/// Nothing but blanks and comments.
[[nodiscard]] bool is_blank(std::string_view sql);

/// The name that an error of the server points at; also one in a string constant, as in
/// 'aws.bucket'::regclass. Nothing when something else stands there.
[[nodiscard]] std::optional<Name> name_at(std::string_view sql, std::size_t position);

} // namespace penstock::query
