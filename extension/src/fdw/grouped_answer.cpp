#include "fdw/grouped_answer.hpp"

#include "penstock/types/evaluator.hpp"

#include "fdw/scan_request.hpp"
#include "pg/boundary.hpp"
#include "pg/conversion.hpp"

namespace penstock::fdw {
namespace {

/// The server's own division, so that scale and rounding are its own too.
Datum divide(Datum sum, TypeId sum_type, Datum count) {
    const Datum total =
        sum_type == TypeId::kNumeric ? sum : NumericGetDatum(int64_to_numeric(DatumGetInt64(sum)));
    return DirectFunctionCall2(numeric_div, total,
                               NumericGetDatum(int64_to_numeric(DatumGetInt64(count))));
}

core::AggregateSpec make_call(const pg::TableInfo* table, const PlannedCall& call, int target) {
    core::AggregateSpec spec = {
        call.function, "", TypeId::kInt8, TypeId::kInt8, static_cast<std::uint16_t>(target), {}};
    if (call.attnum != 0) {
        const pg::ColumnInfo* column = planned_column(table, call.attnum);
        spec.column = pg::to_utf8(column->name);
        spec.type = column->type;
    }
    const auto result = aggregate_result(spec.function, spec.type);
    if (!result) {
        pg::raise(ERRCODE_FDW_ERROR, "aggregate has changed since the query was planned", nullptr,
                  "Run the statement again.");
    }
    spec.result = *result;
    return spec;
}

} // namespace

GroupedAnswer* make_grouped_answer(const pg::TableInfo* table, const ForeignScan* plan,
                                   int key_count) {
    List* calls = calls_of(plan);
    auto* answer = static_cast<GroupedAnswer*>(palloc0(sizeof(GroupedAnswer)));
    answer->call_count = list_length(calls);
    const Size width = static_cast<Size>(key_count) + static_cast<Size>(answer->call_count);
    answer->calls = static_cast<core::AggregateSpec*>(
        palloc0(sizeof(core::AggregateSpec) * static_cast<Size>(Max(answer->call_count, 1))));
    answer->values = static_cast<Datum*>(palloc0(sizeof(Datum) * width));
    answer->nulls = static_cast<bool*>(palloc0(sizeof(bool) * width));
    ListCell* cell = nullptr;
    foreach (cell, calls) {
        const int index = foreach_current_index(cell);
        answer->calls[index] = make_call(table, read_call(lfirst(cell)), key_count + index);
    }
    return answer;
}

void store_group(const GroupedAnswer* answer, const ForeignScan* plan, TupleTableSlot* slot) {
    const int key_count = list_length(columns_of(plan));
    ListCell* cell = nullptr;
    foreach (cell, outputs_of(plan)) {
        const auto* output = static_cast<const List*>(lfirst(cell));
        const int value = list_nth_int(output, kOutputValue);
        const int count = list_nth_int(output, kOutputCount);
        const int index = foreach_current_index(cell);
        slot->tts_isnull[index] = answer->nulls[value];
        slot->tts_values[index] = answer->values[value];
        if (count >= 0 && !answer->nulls[value]) {
            slot->tts_values[index] =
                divide(answer->values[value], answer->calls[value - key_count].result,
                       answer->values[count]);
        }
    }
    ExecStoreVirtualTuple(slot);
}

} // namespace penstock::fdw
