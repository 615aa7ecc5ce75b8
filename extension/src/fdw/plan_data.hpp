#pragma once

#include "penstock/types/schema.hpp"

#include "pg/postgres.hpp"

/// What planning hands to execution, as PostgreSQL nodes only (boundary rule B11): plans are
/// copied, cached and printed. The values of the conditions are in ForeignScan.fdw_exprs.
namespace penstock::fdw {

/// Positions in ForeignScan.fdw_private.
enum PlanItem {
    kPlanColumns, ///< integer list: attribute numbers to fetch, ascending
    kPlanQuals,   ///< list of integer lists, each indexed by QualItem
    kPlanTarget,  ///< integer list of one: rows the query is likely to read, 0 = all
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
inline PlannedQual read_qual(const void* cell) {
    const auto* list = static_cast<const List*>(cell);
    return {static_cast<AttrNumber>(list_nth_int(list, kQualAttnum)),
            static_cast<QualOp>(list_nth_int(list, kQualOp)), list_nth_int(list, kQualIsExact) != 0,
            list_nth_int(list, kQualExpr)};
}

} // namespace penstock::fdw
