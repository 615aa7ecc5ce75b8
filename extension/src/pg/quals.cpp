#include "pg/quals.hpp"

#include "pg/compat.hpp"

namespace penstock::pg {

namespace {

bool is_integer(Oid type) {
    return type == INT2OID || type == INT4OID || type == INT8OID;
}

/// Types whose `=` may be pushed but whose values have no scalar form on the wire.
bool is_array_type(TypeId type) {
    return type == TypeId::kTextArray || type == TypeId::kInt8Array;
}

Expr* strip_relabel(Expr* expr) {
    while (expr != nullptr && IsA(expr, RelabelType)) {
        expr = reinterpret_cast<RelabelType*>(expr)->arg;
    }
    return expr;
}

/// The server can evaluate it once, when the scan starts.
bool is_scan_constant(PlannerInfo* root, Index relid, Expr* value) {
    return !bms_is_member(static_cast<int>(relid),
                          pull_varnos(root, reinterpret_cast<Node*>(value))) &&
           !contain_volatile_functions(reinterpret_cast<Node*>(value)) &&
           !contain_subplans(reinterpret_cast<Node*>(value));
}

/// What operator `opno` means on `type`'s own ordering, by the default btree operator family; or
/// that it is LIKE on text.
bool match_operator(Oid opno, Oid type, QualOp* op) {
    if (opno == OID_TEXT_LIKE_OP) {
        *op = QualOp::kLike;
        return GetDatabaseEncoding() != PG_SQL_ASCII; // where "_" matches a byte
    }
    static constexpr QualOp kByStrategy[] = {QualOp::kLt, QualOp::kLe, QualOp::kEq, QualOp::kGe,
                                             QualOp::kGt}; // btree strategies 1 … 5
    const TypeCacheEntry* entry = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);
    if (!OidIsValid(entry->btree_opf)) {
        return false;
    }
    const int strategy = get_op_opfamily_strategy(opno, entry->btree_opf);
    if (strategy >= 1 && strategy <= 5) {
        *op = kByStrategy[strategy - 1];
        return true;
    }
    // <> is in no family; its negator is the family's =.
    const Oid negator = get_negator(opno);
    if (OidIsValid(negator) &&
        get_op_opfamily_strategy(negator, entry->btree_opf) == BTEqualStrategyNumber) {
        *op = QualOp::kNe;
        return true;
    }
    return false;
}

/// A plugin compares text by bytes: the server's collation must agree for this operator.
bool is_collation_safe(const ColumnInfo* column, QualOp op, Oid collation) {
    if (column->type != TypeId::kText) {
        return true;
    }
    if (!OidIsValid(collation)) {
        return false;
    }
    const bool is_bytewise = op == QualOp::kEq || op == QualOp::kNe || op == QualOp::kIn ||
                             op == QualOp::kLike; // compares characters, whatever their order
    return is_bytewise ? get_collation_isdeterministic(collation) : is_c_collation(collation);
}

/// A value of a wider type may be out of the column's range. That no row equals it, the scan sees
/// when it starts; what another comparison with it means must be known now.
bool is_in_range(const ColumnInfo* column, QualOp op, Expr* value, Oid type) {
    if (get_typlen(type) <= get_typlen(column->type_oid) || op == QualOp::kEq) {
        return true;
    }
    if (!IsA(value, Const) || reinterpret_cast<Const*>(value)->constisnull) {
        return false;
    }
    const Datum datum = reinterpret_cast<Const*>(value)->constvalue;
    return fits_integer(type == INT8OID ? DatumGetInt64(datum) : DatumGetInt32(datum),
                        column->type);
}

bool is_value_type_ok(const ColumnInfo* column, QualOp op, Expr* value, Oid type) {
    if (is_integer(type) && is_integer(column->type_oid)) {
        return is_in_range(column, op, value, type);
    }
    return type == column->type_oid && !is_array_type(column->type);
}

/// Fills in how far the column's plugin takes this operator.
bool declare(const ColumnInfo* column, QualOp op, Expr* value, PushableQual* qual) {
    const bool is_exact = column->exact.has(op);
    if (!is_exact && !column->superset.has(op)) {
        return false;
    }
    *qual = {column->attnum, op, is_exact, value};
    return true;
}

bool match_comparison(PlannerInfo* root, Index relid, const TableInfo* table, OpExpr* clause,
                      PushableQual* qual) {
    if (list_length(clause->args) != 2) {
        return false;
    }
    Oid opno = clause->opno;
    Expr* left = strip_relabel(static_cast<Expr*>(linitial(clause->args)));
    Expr* right = static_cast<Expr*>(lsecond(clause->args));
    const ColumnInfo* column = find_column(relid, table, left);
    if (column == nullptr || !is_scan_constant(root, relid, right)) {
        column = find_column(relid, table, strip_relabel(right));
        opno = get_commutator(opno);
        right = static_cast<Expr*>(linitial(clause->args));
        if (column == nullptr || !OidIsValid(opno) || !is_scan_constant(root, relid, right)) {
            return false;
        }
    }
    Oid left_type = InvalidOid;
    Oid right_type = InvalidOid;
    op_input_types(opno, &left_type, &right_type);
    QualOp op = QualOp::kEq;
    return left_type == column->type_oid && match_operator(opno, column->type_oid, &op) &&
           exprType(reinterpret_cast<Node*>(right)) == right_type &&
           is_value_type_ok(column, op, right, right_type) &&
           is_collation_safe(column, op, clause->inputcollid) && declare(column, op, right, qual);
}

/// column = ANY (array); IN lists arrive in this form.
bool match_in_list(PlannerInfo* root, Index relid, const TableInfo* table,
                   ScalarArrayOpExpr* clause, PushableQual* qual) {
    const ColumnInfo* column =
        find_column(relid, table, strip_relabel(static_cast<Expr*>(linitial(clause->args))));
    auto* array = static_cast<Expr*>(lsecond(clause->args));
    if (!clause->useOr || column == nullptr || !is_scan_constant(root, relid, array)) {
        return false;
    }
    const Oid element = get_base_element_type(exprType(reinterpret_cast<Node*>(array)));
    Oid left_type = InvalidOid;
    Oid right_type = InvalidOid;
    op_input_types(clause->opno, &left_type, &right_type);
    QualOp op = QualOp::kEq;
    return left_type == column->type_oid && element == right_type &&
           match_operator(clause->opno, column->type_oid, &op) && op == QualOp::kEq &&
           is_value_type_ok(column, op, array, right_type) &&
           is_collation_safe(column, QualOp::kIn, clause->inputcollid) &&
           declare(column, QualOp::kIn, array, qual);
}

bool match_null_test(Index relid, const TableInfo* table, NullTest* clause, PushableQual* qual) {
    const ColumnInfo* column = find_column(relid, table, strip_relabel(clause->arg));
    const QualOp op = clause->nulltesttype == IS_NULL ? QualOp::kIsNull : QualOp::kIsNotNull;
    return !clause->argisrow && column != nullptr && declare(column, op, nullptr, qual);
}

/// `flag`, `not flag`, `flag is true`, `flag is false`: in a WHERE all mean `flag = true / false`.
bool match_boolean(Index relid, const TableInfo* table, Expr* expr, bool wanted,
                   PushableQual* qual) {
    const ColumnInfo* column = find_column(relid, table, strip_relabel(expr));
    return column != nullptr && column->type == TypeId::kBool &&
           declare(column, QualOp::kEq, reinterpret_cast<Expr*>(makeBoolConst(wanted, false)),
                   qual);
}

bool match_boolean_test(Index relid, const TableInfo* table, BooleanTest* clause,
                        PushableQual* qual) {
    switch (clause->booltesttype) {
    case IS_TRUE:
        return match_boolean(relid, table, clause->arg, true, qual);
    case IS_FALSE:
        return match_boolean(relid, table, clause->arg, false, qual);
    default:
        return false;
    }
}

/// The elements of an IN list: a constant array, or one written down. False: something else.
bool list_elements(Expr* array, Oid element_type, List** elements) {
    if (IsA(array, ArrayExpr)) {
        auto* expr = reinterpret_cast<ArrayExpr*>(array);
        *elements = list_concat(*elements, expr->elements);
        return !expr->multidims && expr->element_typeid == element_type;
    }
    if (!IsA(array, Const)) {
        return false;
    }
    auto* constant = reinterpret_cast<Const*>(array);
    if (constant->constisnull || get_base_element_type(constant->consttype) != element_type) {
        return false;
    }
    const ArrayElements found = elements_of(constant->constvalue, element_type);
    for (int index = 0; index < found.count; ++index) {
        *elements = lappend(*elements,
                            makeConst(element_type, -1, constant->constcollid, found.width,
                                      found.values[index], found.nulls[index], found.is_by_value));
    }
    return true;
}

/// column = a OR column = b OR column IN (c, d): a list, so one request and a key.
bool match_or(PlannerInfo* root, Index relid, const TableInfo* table, BoolExpr* clause,
              PushableQual* qual) {
    AttrNumber attnum = 0;
    Oid type = InvalidOid;
    List* elements = NIL;
    ListCell* cell = nullptr;
    foreach (cell, clause->args) {
        auto* arm = static_cast<Expr*>(lfirst(cell));
        PushableQual one = {};
        const bool is_comparison = IsA(arm, OpExpr) || IsA(arm, ScalarArrayOpExpr);
        if (!is_comparison || !match_qual(root, relid, table, arm, &one) ||
            (one.op != QualOp::kEq && one.op != QualOp::kIn) ||
            (attnum != 0 && one.attnum != attnum)) {
            return false;
        }
        const Oid value_type = exprType(reinterpret_cast<Node*>(one.value));
        const Oid element = one.op == QualOp::kIn ? get_base_element_type(value_type) : value_type;
        if (OidIsValid(type) && element != type) {
            return false;
        }
        attnum = one.attnum;
        type = element;
        if (one.op == QualOp::kEq) {
            elements = lappend(elements, one.value);
        } else if (!list_elements(one.value, type, &elements)) {
            return false;
        }
    }
    auto* array = makeNode(ArrayExpr);
    array->array_typeid = get_array_type(type);
    array->array_collid = get_typcollation(type);
    array->element_typeid = type;
    array->elements = elements;
    array->location = -1;
    return OidIsValid(array->array_typeid) &&
           declare(&table->columns[attnum - 1], QualOp::kIn, reinterpret_cast<Expr*>(array), qual);
}

} // namespace

ArrayElements elements_of(Datum array, Oid element_type) {
    ArrayElements found = {};
    char alignment = 0;
    get_typlenbyvalalign(element_type, &found.width, &found.is_by_value, &alignment);
    deconstruct_array(DatumGetArrayTypeP(array), element_type, found.width, found.is_by_value,
                      alignment, &found.values, &found.nulls, &found.count);
    return found;
}

const ColumnInfo* find_column(Index relid, const TableInfo* table, Expr* expr) {
    if (expr == nullptr || !IsA(expr, Var)) {
        return nullptr;
    }
    auto* var = reinterpret_cast<Var*>(expr);
    if (static_cast<Index>(var->varno) != relid || var->varlevelsup != 0 || var->varattno < 1 ||
        var->varattno > table->column_count) {
        return nullptr;
    }
    const ColumnInfo* column = &table->columns[var->varattno - 1];
    return column->attnum != 0 && column->is_supported ? column : nullptr;
}

bool match_column_comparison(const OpExpr* clause, const ColumnInfo* left, const ColumnInfo* right,
                             QualOp* op) {
    Oid left_type = InvalidOid;
    Oid right_type = InvalidOid;
    op_input_types(clause->opno, &left_type, &right_type);
    const bool are_integers = is_integer(left_type) && is_integer(right_type);
    return left_type == left->type_oid && right_type == right->type_oid &&
           (left_type == right_type || are_integers) &&
           match_operator(clause->opno, left_type, op) && *op != QualOp::kLike &&
           is_collation_safe(left, *op, clause->inputcollid);
}

bool match_qual(PlannerInfo* root, Index relid, const TableInfo* table, Expr* clause,
                PushableQual* qual) {
    switch (nodeTag(clause)) {
    case T_OpExpr:
        return match_comparison(root, relid, table, reinterpret_cast<OpExpr*>(clause), qual);
    case T_ScalarArrayOpExpr:
        return match_in_list(root, relid, table, reinterpret_cast<ScalarArrayOpExpr*>(clause),
                             qual);
    case T_NullTest:
        return match_null_test(relid, table, reinterpret_cast<NullTest*>(clause), qual);
    case T_Var:
        return match_boolean(relid, table, clause, true, qual);
    case T_BoolExpr: {
        auto* expr = reinterpret_cast<BoolExpr*>(clause);
        if (expr->boolop == OR_EXPR) {
            return match_or(root, relid, table, expr, qual);
        }
        return expr->boolop == NOT_EXPR &&
               match_boolean(relid, table, static_cast<Expr*>(linitial(expr->args)), false, qual);
    }
    case T_BooleanTest:
        return match_boolean_test(relid, table, reinterpret_cast<BooleanTest*>(clause), qual);
    default:
        return false;
    }
}

} // namespace penstock::pg
