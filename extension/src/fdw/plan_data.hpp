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
    kQualExpr,    ///< position of its value in fdw_exprs; -1 = none
};

struct PlannedQual {
    AttrNumber attnum;
    QualOp op;
    bool is_exact;
    int expr; ///< -1 = none
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
inline PlannedQual read_qual(const void* cell) {
    const auto* list = static_cast<const List*>(cell);
    return {static_cast<AttrNumber>(list_nth_int(list, kQualAttnum)),
            static_cast<QualOp>(list_nth_int(list, kQualOp)), list_nth_int(list, kQualIsExact) != 0,
            list_nth_int(list, kQualExpr)};
}

} // namespace penstock::fdw
