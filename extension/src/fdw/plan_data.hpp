#pragma once

#include "penstock/types/request.hpp"

#include "pg/postgres.hpp"

/// What planning hands to execution, as PostgreSQL nodes only (boundary rule B11): plans are
/// copied, cached and printed. The values of the conditions are in ForeignScan.fdw_exprs.
namespace penstock::fdw {

/// Positions in ForeignScan.fdw_private.
enum PlanItem {
    kPlanColumns, ///< integer list: attribute numbers to fetch, ascending
    kPlanQuals,   ///< list of integer lists, each indexed by QualItem
    kPlanTarget,  ///< integer list of one: rows the query is likely to read, 0 = all
    kPlanLimit,   ///< integer list: positions of LIMIT and OFFSET in fdw_exprs, -1 = none; or NIL
    kPlanSort,    ///< list of integer lists, each indexed by SortItem: the order of the rows
    kPlanTop, ///< integer list of one: 1 = instead, only the first rows of it, as kPlanLimit says
    kPlanGroups, ///< only of a grouped scan: list of kPlanCalls and kPlanOutputs
    kPlanJoin,   ///< only of a join: see join.hpp; columns, conditions and groups are NIL then
};

/// Positions in each of kPlanSort.
enum SortItem {
    kSortColumn, ///< attribute number; of a grouped scan the position in the answer
    kSortIsDescending,
    kSortIsNullsFirst,
};

/// Positions in kPlanGroups. kPlanColumns are the keys then; an answer is keys and calls.
enum GroupItem {
    kPlanCalls,   ///< list of lists, each indexed by CallItem
    kPlanOutputs, ///< for each column of the scan's rows an integer list, indexed by OutputItem
};

/// Positions in each of kPlanCalls.
enum CallItem {
    kCallFunction, ///< integer list: AggregateFunction, attribute number (0 = count(*))
    kCallFilter,   ///< as kPlanQuals
};

/// Positions in each of kPlanOutputs.
enum OutputItem {
    kOutputValue, ///< position in the answer
    kOutputCount, ///< position of what it is divided by; -1 = it is the value
};

/// Positions in each of kPlanQuals.
enum QualItem {
    kQualAttnum,
    kQualOp,      ///< QualOp
    kQualIsExact, ///< 0 = superset
    kQualExpr,    ///< position of its value in fdw_exprs, or one of the two below
};

/// QualItem::kQualExpr of a NULL test.
inline constexpr int kNoExpr = -1;
/// QualItem::kQualExpr of an IN whose list a key batch join gives at execution.
inline constexpr int kBatchExpr = -2;

struct PlannedQual {
    AttrNumber attnum;
    QualOp op;
    bool is_exact;
    int expr; ///< position in fdw_exprs, kNoExpr or kBatchExpr
};

inline List* columns_of(const ForeignScan* plan) {
    return static_cast<List*>(list_nth(plan->fdw_private, kPlanColumns));
}
inline List* quals_of(const ForeignScan* plan) {
    return static_cast<List*>(list_nth(plan->fdw_private, kPlanQuals));
}
inline int row_target_of(const ForeignScan* plan) {
    return linitial_int(static_cast<List*>(list_nth(plan->fdw_private, kPlanTarget)));
}
/// Does a key batch join give this scan its keys?
inline bool is_batched(const ForeignScan* plan) {
    const List* quals = quals_of(plan);
    return quals != NIL &&
           list_nth_int(static_cast<const List*>(llast(quals)), kQualExpr) == kBatchExpr;
}
/// NIL, or positions of LIMIT and OFFSET.
inline List* limit_of(const ForeignScan* plan) {
    return static_cast<List*>(list_nth(plan->fdw_private, kPlanLimit));
}
inline List* sort_of(const ForeignScan* plan) {
    return static_cast<List*>(list_nth(plan->fdw_private, kPlanSort));
}
inline bool is_top(const ForeignScan* plan) {
    return linitial_int(static_cast<List*>(list_nth(plan->fdw_private, kPlanTop))) != 0;
}
struct PlannedSortKey {
    int column; ///< attribute number; of a grouped scan the position in the answer
    bool is_descending;
    bool is_nulls_first;
};
inline PlannedSortKey read_sort_key(const void* cell) {
    const auto* list = static_cast<const List*>(cell);
    return {list_nth_int(list, kSortColumn), list_nth_int(list, kSortIsDescending) != 0,
            list_nth_int(list, kSortIsNullsFirst) != 0};
}
inline bool is_grouped(const ForeignScan* plan) {
    return list_length(plan->fdw_private) == kPlanGroups + 1;
}
inline bool is_join(const ForeignScan* plan) {
    return list_length(plan->fdw_private) == kPlanJoin + 1;
}
/// Is every row of the table asked for, or in a group? Without conditions, limits and joins.
inline bool covers_whole_table(const ForeignScan* plan) {
    return !is_join(plan) && quals_of(plan) == NIL && limit_of(plan) == NIL && !is_top(plan) &&
           row_target_of(plan) == 0;
}
/// Is every row of the table among the answers?
inline bool reads_whole_table(const ForeignScan* plan) {
    return !is_grouped(plan) && covers_whole_table(plan);
}
inline List* calls_of(const ForeignScan* plan) {
    auto* groups = static_cast<List*>(list_nth(plan->fdw_private, kPlanGroups));
    return static_cast<List*>(list_nth(groups, kPlanCalls));
}
inline List* outputs_of(const ForeignScan* plan) {
    auto* groups = static_cast<List*>(list_nth(plan->fdw_private, kPlanGroups));
    return static_cast<List*>(list_nth(groups, kPlanOutputs));
}
struct PlannedCall {
    AggregateFunction function;
    AttrNumber attnum; ///< 0 = count(*)
    List* filter;      ///< of read_qual()'s cells
};
inline PlannedCall read_call(const void* cell) {
    const auto* list = static_cast<const List*>(cell);
    const auto* head = static_cast<const List*>(list_nth(list, kCallFunction));
    return {static_cast<AggregateFunction>(linitial_int(head)),
            static_cast<AttrNumber>(lsecond_int(head)),
            static_cast<List*>(list_nth(list, kCallFilter))};
}
inline PlannedQual read_qual(const void* cell) {
    const auto* list = static_cast<const List*>(cell);
    return {static_cast<AttrNumber>(list_nth_int(list, kQualAttnum)),
            static_cast<QualOp>(list_nth_int(list, kQualOp)), list_nth_int(list, kQualIsExact) != 0,
            list_nth_int(list, kQualExpr)};
}

} // namespace penstock::fdw
