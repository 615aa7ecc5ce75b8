#pragma once

#include "pg/table.hpp"

/// What a path of ours says to GetForeignPlan: ForeignPath.fdw_private is a list of one PathData.
/// Planner memory only, never copied.
namespace penstock::fdw {

struct PathData {
    AttrNumber batch; ///< column that a key batch join gives keys for; 0 = none
    List* keys;       ///< RestrictInfos beside the path's own, implied by them, that give keys
    List* sort;       ///< kPlanSort; NIL = rows in any order
    bool is_top;      ///< only the first rows of `sort`, as many as LIMIT and OFFSET say
};

inline const PathData* data_of(const ForeignPath* path) {
    static constexpr PathData kNone = {};
    return path->fdw_private == NIL ? &kNone
                                    : static_cast<const PathData*>(linitial(path->fdw_private));
}

inline void set_data(ForeignPath* path, const PathData& data) {
    auto* kept = static_cast<PathData*>(palloc(sizeof(PathData)));
    *kept = data;
    path->fdw_private = list_make1(kept);
}

} // namespace penstock::fdw
