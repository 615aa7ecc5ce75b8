#pragma once

#include "pg/table.hpp"

/// Which conditions go to the plugin, and how: the exact / superset / none contract.
///
/// Operators are recognised by operator family, never by name; a condition is only pushed with the
/// operators that the column's options declare. Off is always correct.
namespace penstock::pg {

/// A condition in the form that a plugin understands. Plain old data.
struct PushableQual {
    AttrNumber attnum;
    QualOp op;
    bool is_exact; ///< else superset: the server checks again
    Expr* value;   ///< nullptr for the NULL tests; an array for kIn; a bool Const for bare columns
};

/// Is `value` one that an integer column of this type can hold?
inline bool fits_integer(std::int64_t value, TypeId column) {
    switch (column) {
    case TypeId::kInt2:
        return value >= PG_INT16_MIN && value <= PG_INT16_MAX;
    case TypeId::kInt4:
        return value >= PG_INT32_MIN && value <= PG_INT32_MAX;
    default:
        return true;
    }
}

/// The elements of an array, in its order. Plain old data.
struct ArrayElements {
    int count;
    Datum* values;
    bool* nulls;
    int16 width; ///< of the element type, as pg_type has it; and the next
    bool is_by_value;
};

/// `element_type` is that of the array. The elements may point into the array.
ArrayElements elements_of(Datum array, Oid element_type);

/// The supported column of `table` that `expr` is, or nullptr.
const ColumnInfo* find_column(Index relid, const TableInfo* table, Expr* expr);

/// Can `clause` be pushed to `table`, whose range table index is `relid`?
///
/// `clause` is one conjunct; an OR of equalities of one column counts as IN. Its value may hold
/// Params and, for parameterised paths, Vars of other relations; it is evaluated by the server when
/// the scan starts. Refused: volatile functions, subplans, Vars of the table itself on the value's
/// side, other types than the column's (integers of different widths excepted, but nothing except =
/// and IN with a wider value that may be out of the column's range), text comparisons under a
/// collation that does not compare bytes.
bool match_qual(PlannerInfo* root, Index relid, const TableInfo* table, Expr* clause,
                PushableQual* qual);

/// Is `clause`, whose operands are these two columns in this order, a comparison that a plugin can
/// make as the server does? Refused: columns of different types (integers excepted), text under a
/// collation that does not compare bytes.
bool match_column_comparison(const OpExpr* clause, const ColumnInfo* left, const ColumnInfo* right,
                             QualOp* op);

} // namespace penstock::pg
