#pragma once

#include "pg/table.hpp"

/// Do rows come in the order that the plugin has promised? The planner builds on it: out of order,
/// a merge join or a LIMIT would give wrong rows in silence. Costs one comparison a row.
namespace penstock::fdw {

struct OrderCheck;

/// Palloc'd in the current context. nullptr: the plan relies on no order.
OrderCheck* make_order_check(const pg::TableInfo* table, const ForeignScan* plan);

/// Raises when the row in `slot` should have come before the one that came last.
void check_order(OrderCheck* check, const pg::TableInfo* table, const TupleTableSlot* slot);

/// The memory behind the last row is about to be used again.
void keep_last_row(OrderCheck* check);

/// The next row is the first one.
void restart_order(OrderCheck* check);

} // namespace penstock::fdw
