#pragma once

#include "catalog/connection.hpp"
#include "catalog/difference.hpp"

namespace penstock::catalog {

/// Every relation of the schema, as the catalog has it; without comments unless asked for.
[[nodiscard]] LiveTables read_live_tables(pqxx::work& work, const std::string& schema,
                                          bool with_comments);

/// The same without comments, and the live hash (sql/README.md) of just these tables: both are of
/// one snapshot.
struct LiveSchema {
    LiveTables tables;
    std::string hash;
};
[[nodiscard]] LiveSchema read_live_schema(pqxx::work& work, const std::string& schema);

/// The quoting of the session that `work` runs in; valid as long as `work`.
[[nodiscard]] Quoting quoting_of(pqxx::work& work);

} // namespace penstock::catalog
