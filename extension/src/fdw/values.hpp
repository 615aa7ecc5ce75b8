#pragma once

#include "core/request.hpp"

#include "pg/postgres.hpp"

/// The values of a scan's conditions, from datums to the plain data of a request.
namespace penstock::fdw {

/// A scan's value: what `value` evaluated to, as a ScalarSpec. `type` is the value's own SQL type.
/// Palloc'd in the current context. Raises what the output functions raise.
core::ScalarSpec make_scalar(Datum value, Oid type);

/// The elements of an array that are not NULL. `*count` is their number.
core::ScalarSpec* make_scalars(Datum array, Oid element_type, int* count);

} // namespace penstock::fdw
