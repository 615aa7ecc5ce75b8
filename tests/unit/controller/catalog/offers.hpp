#pragma once

#include "penstock/types/schema.hpp"
#include "reconcile/state.hpp"

#include <string>
#include <utility>
#include <vector>

/// Short ways to say what a plugin offers and what is configured.
namespace penstock::test {

inline TableSchema make_table(const std::string& name, std::vector<Column> columns,
                              const std::string& description = {}) {
    TableSchema table;
    table.name = name;
    table.description = description;
    table.columns = std::move(columns);
    return table;
}

inline Column make_column(const std::string& name, TypeId type = TypeId::kText) {
    Column column;
    column.name = name;
    column.type = type;
    return column;
}

inline reconcile::DesiredConnection make_desired(const std::string& name) {
    reconcile::DesiredConnection desired;
    desired.name = name;
    desired.plugin = "csv";
    desired.plugin_instance = "csv";
    desired.config_hash = "c1";
    desired.file_name = "test.spc";
    desired.start_line = 1;
    desired.end_line = 3;
    return desired;
}

} // namespace penstock::test
