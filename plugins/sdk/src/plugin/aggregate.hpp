#pragma once

#include "penstock/types/schema.hpp"

#include <string>
#include <vector>

namespace penstock {

/// What makes a connection an aggregator.
struct Aggregate {
    std::vector<std::string> children; ///< connections of the same process
    /// A child that fails is left out, and a warning names it; else its error is the scan's.
    bool is_partial = false;
};

/// Columns that every table of an aggregator has behind those of its children. A child's own column
/// of such a name cannot be seen through the aggregator.
inline constexpr const char* kConnectionColumn = "sp_connection_name";
inline constexpr const char* kContextColumn = "_ctx";

/// How many children are asked at once, for rows or for their tables. Chosen: a source behind a
/// network is waited for, not computed, so this may be far above the number of cores.
inline constexpr std::size_t kChildrenAtOnce = 25;

/// One table of an aggregator, as it was when its children were last asked for their tables.
struct AggregateTable {
    struct Child {
        std::string connection;
        bool has_table = true; ///< false: it could not be asked, so it may have none
    };
    TableSchema schema;
    std::vector<Child> children; ///< in the order of their names
    bool is_partial = false;
};

/// The tables on offer of one child.
struct ChildSchemas {
    std::string connection;
    std::vector<TableSchema> tables;
};

/// The union of the children's tables by name, and of their columns by name.
///
/// Columns of one name that differ in type become jsonb. An operator is exact when every child that
/// has the column answers it exactly, and superset when any child takes it. Pure.
/// Returns: tables by name, each with the two columns of every aggregator.
[[nodiscard]] std::vector<TableSchema> join_schemas(const std::vector<ChildSchemas>& children);

} // namespace penstock
