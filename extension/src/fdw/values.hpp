#pragma once

#include "core/request.hpp"

#include "pg/postgres.hpp"

/// The values of a scan's conditions, from datums to the plain data of a request.
namespace penstock::fdw {

/// A scan's value: what `value` evaluated to, as a ScalarSpec. `type` is the value's own SQL type.
/// Palloc'd in the current context. Raises what the output functions raise.
core::ScalarSpec make_scalar(Datum value, Oid type);

/// Can a column of this type hold the scalar? Integers of other widths are compared across widths.
bool can_hold(TypeId column, const core::ScalarSpec& scalar);

/// The elements of an array that a column of this type may equal: neither NULL nor out of its
/// range.
/// `*count` is their number.
core::ScalarSpec* make_scalars(Datum array, Oid element_type, TypeId column, int* count);

} // namespace penstock::fdw
