#pragma once

#include "penstock/types/schema.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

/// What to change of a live schema so that it becomes as offered: pure, no database.
namespace penstock::catalog {

struct LiveColumn {
    std::string name;
    std::uint32_t type_oid = 0;
    std::vector<OptionText> options;
    std::string comment; ///< "" = none
};

struct LiveTable {
    bool is_foreign_table = true; ///< else some other relation that has the name
    std::string server;
    std::vector<OptionText> options;
    std::vector<LiveColumn> columns; ///< in their order, without dropped ones
    std::size_t numbers_used = 0; ///< of columns, dropped ones included: those count for the limit
    std::string comment;          ///< "" = none
};

using LiveTables = std::map<std::string, LiveTable>;

/// The server's own quoting.
struct Quoting {
    std::function<std::string(const std::string&)> name;
    std::function<std::string(const std::string&)> literal;
};

/// Where the tables live.
struct Place {
    std::string connection; ///< and schema
    std::string server;
};

/// One statement.
struct Change {
    std::string sql;
    /// Other objects may forbid it (a drop, another type): then things stay as they are.
    bool can_be_held = false;
    std::string column{};       ///< what a held change is about; "" = the whole table
    bool rest_needs_it = false; ///< when held, the table's further changes are left out
};

/// The statements for one table, in order; never empty.
struct TableChange {
    std::string table;
    std::vector<Change> changes;
};

/// Sorted by table, so that two refreshes take their locks in one order. `wanted` holds each name
/// once and passed check_schema. Columns are compared by name: a column that is new always comes
/// last, because PostgreSQL adds columns nowhere else, and a different order alone is no change.
[[nodiscard]] std::vector<TableChange> difference(const LiveTables& live,
                                                  const std::vector<TableSchema>& wanted,
                                                  const Place& place, const Quoting& quoting);

/// COMMENT ON statements for what differs; tables and columns that do not exist are left out.
[[nodiscard]] std::vector<TableChange> comment_difference(const LiveTables& live,
                                                          const std::vector<TableSchema>& wanted,
                                                          const Place& place,
                                                          const Quoting& quoting);

} // namespace penstock::catalog
