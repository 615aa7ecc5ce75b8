#pragma once

#include "core/request.hpp"

#include "pg/table.hpp"

namespace penstock::fdw {

/// Setting penstock.cache.
extern bool is_cache_allowed;

/// The column as the catalog has it now; the plan may be older. Raises when it is gone or of a type
/// that no plugin delivers.
const pg::ColumnInfo* planned_column(const pg::TableInfo* table, AttrNumber attnum);

/// The conditions of `planned_quals` (kPlanQuals) on columns of `table`, in the current context.
/// False: one of them can never be true; it is an empty list in the result, which says just that.
bool make_quals(ForeignScanState* node, const pg::TableInfo* table, List* planned_quals,
                std::span<const core::QualSpec>* made);

} // namespace penstock::fdw
