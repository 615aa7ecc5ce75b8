#pragma once

#include "catalog/connection.hpp"
#include "catalog/difference.hpp"

namespace penstock::catalog {

/// Every relation of the schema, as the catalog has it; without comments unless asked for.
[[nodiscard]] LiveTables read_live_tables(pqxx::work& work, const std::string& schema,
                                          bool with_comments);

/// The quoting of the session that `work` runs in; valid as long as `work`.
[[nodiscard]] Quoting quoting_of(pqxx::work& work);

} // namespace penstock::catalog
