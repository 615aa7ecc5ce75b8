#pragma once

#include "pg/table.hpp"

namespace penstock::fdw {

/// Setting penstock.cache.
extern bool is_cache_allowed;

/// The column as the catalog has it now; the plan may be older. Raises when it is gone or of a type
/// that no plugin delivers.
const pg::ColumnInfo* planned_column(const pg::TableInfo* table, AttrNumber attnum);

} // namespace penstock::fdw
