#pragma once

#include "query/output.hpp"

#include <string>
#include <vector>

namespace penstock::cli {

/// A cell of a list that does not come from the database; nullopt is NULL.
using Cell = std::optional<std::string>;

/// Prints rows of text on standard output, in any of the formats of `penstock query`.
/// Errors: query::OutputClosed.
void print_rows(const std::vector<std::string>& columns, const std::vector<std::vector<Cell>>& rows,
                const query::OutputOptions& options);

} // namespace penstock::cli
