#pragma once

#include "core/request.hpp"

#include "fdw/plan_data.hpp"
#include "fdw/values.hpp"
#include "pg/table.hpp"

/// The answer to a grouped request: keys and calls, of which the scan's rows are made.
namespace penstock::fdw {

struct GroupedAnswer {
    core::AggregateSpec* calls; ///< without their filters
    int call_count;
    Datum* values; ///< one row of the answer
    bool* nulls;
};

/// Palloc'd in the current context. `key_count` columns come before the calls.
GroupedAnswer* make_grouped_answer(const pg::TableInfo* table, const ForeignScan* plan,
                                   int key_count);

/// Makes the row of the scan that the answer's row stands for.
void store_group(const GroupedAnswer* answer, const ForeignScan* plan, TupleTableSlot* slot);

} // namespace penstock::fdw
