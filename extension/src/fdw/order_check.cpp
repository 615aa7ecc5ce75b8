#include "fdw/order_check.hpp"

#include "fdw/plan_data.hpp"
#include "fdw/scan_request.hpp"
#include "pg/boundary.hpp"
#include "pg/ordering.hpp"

namespace penstock::fdw {

/// A column of the order, and its value in the last row.
struct CheckedColumn {
    SortSupportData support;
    Datum value;
    bool is_null;
    bool is_by_value;
    int16 length;
};

struct OrderCheck {
    CheckedColumn* columns;
    int count;
    bool has_last;
    bool is_kept;          ///< the values are copies in `context`
    MemoryContext context; ///< for one row
};

OrderCheck* make_order_check(const pg::TableInfo* table, const ForeignScan* plan) {
    List* sort = sort_of(plan);
    if (sort == NIL || is_top(plan)) {
        return nullptr;
    }
    auto* check = static_cast<OrderCheck*>(palloc0(sizeof(OrderCheck)));
    check->count = list_length(sort);
    check->columns = static_cast<CheckedColumn*>(
        palloc0(sizeof(CheckedColumn) * static_cast<Size>(check->count)));
    check->context =
        AllocSetContextCreate(CurrentMemoryContext, "Penstock order of rows", ALLOCSET_SMALL_SIZES);
    ListCell* cell = nullptr;
    foreach (cell, sort) {
        const PlannedSortKey key = read_sort_key(lfirst(cell));
        const auto attnum = static_cast<AttrNumber>(key.column);
        const pg::ColumnInfo* column = planned_column(table, attnum);
        CheckedColumn* checked = &check->columns[foreach_current_index(cell)];
        const pg::SortColumn order = {attnum, key.is_descending, key.is_nulls_first};
        pg::prepare_sort(column, &order, &checked->support);
        get_typlenbyval(column->type_oid, &checked->length, &checked->is_by_value);
    }
    return check;
}

namespace {

[[noreturn]] void raise_unordered(const pg::TableInfo* table, const CheckedColumn* column) {
    pg::raise(ERRCODE_PROTOCOL_VIOLATION,
              psprintf("plugin \"%s\" sent rows of table \"%s.%s\" out of order", table->plugin,
                       table->connection, table->table),
              psprintf("They were to come ordered by column \"%s\".",
                       table->columns[column->support.ssup_attno - 1].name),
              "The plugin breaks its promise. Set penstock.sort_pushdown to off to do without it.");
}

/// Raises when `slot` comes before the last row.
void compare_with_last(const OrderCheck* check, const pg::TableInfo* table,
                       const TupleTableSlot* slot) {
    for (int index = 0; index < check->count; ++index) {
        CheckedColumn* column = &check->columns[index];
        const int at = column->support.ssup_attno - 1;
        const int order = ApplySortComparator(column->value, column->is_null, slot->tts_values[at],
                                              slot->tts_isnull[at], &column->support);
        if (order > 0) {
            raise_unordered(table, column);
        }
        if (order < 0) {
            return;
        }
    }
}

} // namespace

void check_order(OrderCheck* check, const pg::TableInfo* table, const TupleTableSlot* slot) {
    if (check->has_last) {
        compare_with_last(check, table, slot);
    }
    for (int index = 0; index < check->count; ++index) {
        CheckedColumn* column = &check->columns[index];
        column->value = slot->tts_values[column->support.ssup_attno - 1];
        column->is_null = slot->tts_isnull[column->support.ssup_attno - 1];
    }
    check->has_last = true;
    check->is_kept = false;
}

void keep_last_row(OrderCheck* check) {
    if (!check->has_last || check->is_kept) {
        return;
    }
    MemoryContextReset(check->context);
    MemoryContext previous = MemoryContextSwitchTo(check->context);
    for (int index = 0; index < check->count; ++index) {
        CheckedColumn* column = &check->columns[index];
        if (!column->is_null) {
            column->value = datumCopy(column->value, column->is_by_value, column->length);
        }
    }
    MemoryContextSwitchTo(previous);
    check->is_kept = true;
}

void restart_order(OrderCheck* check) {
    check->has_last = false;
}

} // namespace penstock::fdw
