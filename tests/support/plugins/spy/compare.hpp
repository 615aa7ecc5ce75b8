#pragma once

#include "penstock/types/request.hpp"

namespace spy {

/// Can the spy answer this operator on this type exactly as the server would?
bool is_comparable(penstock::TypeId type, penstock::QualOp op);

/// Does a row with this value satisfy the condition, as the server sees it? Written apart from what
/// the SDK evaluates, so that a mistake shows. `qual.op` is comparable on the type.
bool is_satisfied(const penstock::Value& value, const penstock::Qual& qual);

/// Negative, 0, positive: `left` comes before, with, after `right` in ORDER BY with this key. Both
/// are NULL or of `type`, which is comparable.
int compare_by(const penstock::SortKey& key, const penstock::Value& left,
               const penstock::Value& right, penstock::TypeId type);
/// Is `left op right`, a comparison of two values that are not NULL?
bool is_satisfied(const penstock::Value& left, penstock::QualOp op, const penstock::Value& right,
                  penstock::TypeId type);

} // namespace spy
