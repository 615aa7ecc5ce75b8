#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock::query {

/// One SQL statement of a longer text.
struct Statement {
    std::string text; ///< without the semicolon that ended it
    int line = 1;     ///< where it begins in the text, from 1
};

/// Cuts a text into statements with psql's own lexer, so quotes, dollar quotes, comments and
/// BEGIN ATOMIC bodies end where psql says. A last statement needs no semicolon; an unfinished
/// quote or comment is left for the server to complain of. Statements of nothing but comments are
/// left out. Errors: Exception kOption for a backslash command, with its line in the message.
[[nodiscard]] std::vector<Statement> split_statements(std::string_view text);

} // namespace penstock::query
