#include "pg/aggregates.hpp"

#include "penstock/types/evaluator.hpp"

#include "pg/compat.hpp"
#include "pg/quals.hpp"

namespace penstock::pg {

namespace {

struct KnownAggregate {
    Oid oid;
    AggregateFunction function;
    bool is_quotient;
};

/// By OID, which no user can change. The type of the argument follows from it.
constexpr KnownAggregate kAggregates[] = {
    {F_COUNT_ANY, AggregateFunction::kCount, false},
    {F_SUM_INT2, AggregateFunction::kSum, false},
    {F_SUM_INT4, AggregateFunction::kSum, false},
    {F_SUM_INT8, AggregateFunction::kSum, false},
    {F_SUM_FLOAT4, AggregateFunction::kSum, false},
    {F_SUM_FLOAT8, AggregateFunction::kSum, false},
    {F_AVG_INT2, AggregateFunction::kSum, true},
    {F_AVG_INT4, AggregateFunction::kSum, true},
    {F_AVG_INT8, AggregateFunction::kSum, true},
    {F_AVG_FLOAT4, AggregateFunction::kAvg, false},
    {F_AVG_FLOAT8, AggregateFunction::kAvg, false},
    {F_MIN_INT2, AggregateFunction::kMin, false},
    {F_MIN_INT4, AggregateFunction::kMin, false},
    {F_MIN_INT8, AggregateFunction::kMin, false},
    {F_MIN_FLOAT4, AggregateFunction::kMin, false},
    {F_MIN_FLOAT8, AggregateFunction::kMin, false},
    {F_MIN_DATE, AggregateFunction::kMin, false},
    {F_MIN_TIMESTAMPTZ, AggregateFunction::kMin, false},
    {F_MIN_TEXT, AggregateFunction::kMin, false},
    {F_MAX_INT2, AggregateFunction::kMax, false},
    {F_MAX_INT4, AggregateFunction::kMax, false},
    {F_MAX_INT8, AggregateFunction::kMax, false},
    {F_MAX_FLOAT4, AggregateFunction::kMax, false},
    {F_MAX_FLOAT8, AggregateFunction::kMax, false},
    {F_MAX_DATE, AggregateFunction::kMax, false},
    {F_MAX_TIMESTAMPTZ, AggregateFunction::kMax, false},
    {F_MAX_TEXT, AggregateFunction::kMax, false},
};

const KnownAggregate* find_aggregate(Oid oid) {
    for (const KnownAggregate& known : kAggregates) {
        if (known.oid == oid) {
            return &known;
        }
    }
    return nullptr;
}

bool is_simple(const Aggref* aggregate) {
    return aggregate->aggsplit == AGGSPLIT_SIMPLE && aggregate->aggkind == AGGKIND_NORMAL &&
           aggregate->agglevelsup == 0 && aggregate->aggdistinct == NIL &&
           aggregate->aggorder == NIL && aggregate->aggdirectargs == NIL && !aggregate->aggvariadic;
}

/// The column as the SDK sees it, not as something that it is taken for.
const ColumnInfo* plain_column(Index relid, const TableInfo* table, Expr* expr) {
    const ColumnInfo* column = find_column(relid, table, expr);
    const bool is_plain =
        column != nullptr && exprType(reinterpret_cast<Node*>(expr)) == column->type_oid;
    return is_plain ? column : nullptr;
}

} // namespace

bool match_aggregate(Index relid, const TableInfo* table, const Aggref* aggregate,
                     PushableAggregate* match) {
    if (!is_simple(aggregate)) {
        return false;
    }
    if (aggregate->aggfnoid == F_COUNT_) {
        *match = {AggregateFunction::kCount, 0, false};
        return aggregate->args == NIL;
    }
    const KnownAggregate* known = find_aggregate(aggregate->aggfnoid);
    if (known == nullptr || list_length(aggregate->args) != 1) {
        return false;
    }
    Expr* argument = linitial_node(TargetEntry, aggregate->args)->expr;
    const ColumnInfo* column = plain_column(relid, table, argument);
    if (column == nullptr || !aggregate_result(known->function, column->type)) {
        return false;
    }
    const bool is_text_order =
        column->type == TypeId::kText && known->function != AggregateFunction::kCount;
    if (is_text_order &&
        !(OidIsValid(aggregate->inputcollid) && is_c_collation(aggregate->inputcollid))) {
        return false;
    }
    *match = {known->function, column->attnum, known->is_quotient};
    return true;
}

const ColumnInfo* match_group_key(Index relid, const TableInfo* table, Expr* expr,
                                  const SortGroupClause* clause) {
    const ColumnInfo* column = plain_column(relid, table, expr);
    if (column == nullptr || !can_group(column->type)) {
        return nullptr;
    }
    const TypeCacheEntry* entry = lookup_type_cache(column->type_oid, TYPECACHE_EQ_OPR);
    if (clause->eqop != entry->eq_opr) {
        return nullptr;
    }
    const Oid collation = exprCollation(reinterpret_cast<Node*>(expr));
    const bool is_bytewise = column->type != TypeId::kText ||
                             (OidIsValid(collation) && get_collation_isdeterministic(collation));
    return is_bytewise ? column : nullptr;
}

} // namespace penstock::pg
