#include "pg/result_rows.hpp"

#include "pg/boundary.hpp"

namespace penstock::pg {

Tuplestorestate* make_result_rows(FunctionCallInfo call, int column_count, TupleDesc* descriptor) {
    auto* result = reinterpret_cast<ReturnSetInfo*>(call->resultinfo);
    if (result == nullptr || !IsA(result, ReturnSetInfo) ||
        (result->allowedModes & SFRM_Materialize) == 0) {
        raise(ERRCODE_FEATURE_NOT_SUPPORTED, "set-valued function called where it cannot be",
              nullptr, nullptr);
    }
    MemoryContext previous = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
    if (get_call_result_type(call, nullptr, descriptor) != TYPEFUNC_COMPOSITE ||
        (*descriptor)->natts != column_count) {
        raise(ERRCODE_UNDEFINED_FUNCTION,
              "the extension's SQL is of another version than its library", nullptr,
              "Run ALTER EXTENSION penstock UPDATE.");
    }
    Tuplestorestate* store = tuplestore_begin_heap(
        (result->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
    result->returnMode = SFRM_Materialize;
    result->setResult = store;
    result->setDesc = *descriptor;
    MemoryContextSwitchTo(previous);
    return store;
}

} // namespace penstock::pg
