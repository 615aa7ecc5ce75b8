#pragma once

#include "pg/postgres.hpp"

namespace penstock::pg {

/// Where a set-returning function of `column_count` columns puts its rows (tuplestore_putvalues).
/// Raises when it is called where no set can be, or when the extension's SQL is of another version.
/// By hand, because PostgreSQL's own helper has another name in each of 14, 15 and 16.
Tuplestorestate* make_result_rows(FunctionCallInfo call, int column_count, TupleDesc* descriptor);

} // namespace penstock::pg
