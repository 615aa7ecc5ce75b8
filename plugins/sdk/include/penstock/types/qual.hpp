#pragma once

#include "penstock/types/schema.hpp"
#include "penstock/types/value.hpp"

#include <string>
#include <vector>

namespace penstock {

/// One condition of a scan: `column op value`. All conditions of a request are joined by AND.
struct Qual {
    std::string column;
    QualOp op = QualOp::kEq;
    TypeId type = TypeId::kText; ///< of the values; the column's own type
    std::vector<Value> values;   ///< kIn: any number, never NULL; NULL tests: none; others: one.
                                 ///< A table never sees an empty list: no row satisfies it
    bool is_exact = false;       ///< the server relies on it and does not check again
    friend bool operator==(const Qual&, const Qual&) = default;
};

} // namespace penstock
