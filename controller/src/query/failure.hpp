#pragma once

#include "query/names.hpp"
#include "query/wait_rules.hpp"

#include <optional>
#include <string>

struct pg_result;

/// Errors of the server, told apart by their fields and never by their words: those come in any
/// language (lc_messages).
namespace penstock::query {

/// A failed statement that did not find a table or a column.
struct Failure {
    Missing missing;
    /// What it may have looked for. One name when the server tells which; else all names of the
    /// statement.
    std::vector<Name> names;
    bool is_exact = false;  ///< `names` is the one that the server means
    bool is_nested = false; ///< it failed inside of a function, in the middle of its work
    std::string message;    ///< the server's words
};

/// Nothing when the statement failed for another reason. `sql` is the text that was analysed: of
/// EXECUTE, the prepared statement.
[[nodiscard]] std::optional<Failure> find_missing(const pg_result& result, const std::string& sql);

/// A prepared statement whose result has other columns or types since its tables changed.
[[nodiscard]] bool is_outdated_plan(const pg_result& result);

/// The name that EXECUTE in `sql` gives; nothing when there is none.
[[nodiscard]] std::optional<std::string> prepared_name(const std::string& sql);

/// A field of the error; "" when the server did not give it.
[[nodiscard]] std::string error_field(const pg_result& result, int field);

} // namespace penstock::query
