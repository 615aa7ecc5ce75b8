#pragma once

#include "penstock/types/join_kind.hpp"
#include "penstock/types/qual.hpp"
#include "penstock/types/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// A table of a join: its rows that satisfy `quals`, before anything is joined.
struct JoinSource {
    std::string table;
    /// All exact. kIn may have no values, on any column: no row satisfies it.
    std::vector<Qual> quals;
    friend bool operator==(const JoinSource&, const JoinSource&) = default;
};

/// A column of a source.
struct JoinColumn {
    std::uint32_t source = 0; ///< position in Join::sources
    std::string name;
    TypeId type = TypeId::kText;
    friend bool operator==(const JoinColumn&, const JoinColumn&) = default;
};

/// `column op values`, or `column op other`. All of a list are joined by AND; NULL is not true.
struct JoinCondition {
    JoinColumn column;
    QualOp op = QualOp::kEq;
    std::vector<Value> values;       ///< as those of a JoinSource's quals
    std::optional<JoinColumn> other; ///< then there are no values, and `op` is = <> < <= > or >=;
                                     ///< of the column's type, or both are integers
    friend bool operator==(const JoinCondition&, const JoinCondition&) = default;
};

/// Joins two nodes (Join).
struct JoinStep {
    JoinKind kind = JoinKind::kInner;
    std::uint32_t left = 0;
    std::uint32_t right = 0;
    std::vector<JoinCondition> conditions; ///< ON: which rows are partners; none: all are
    std::vector<JoinCondition> filter;     ///< WHERE: which rows of the step's result remain
    friend bool operator==(const JoinStep&, const JoinStep&) = default;
};

/// A join of tables of one connection.
///
/// Each step joins two *nodes*. Nodes 0 … n - 1 are the n sources, node n + i is the result of step
/// i. A step uses nodes before it, each node is used once, and the last one is the result. So one
/// text for each node, in order, makes SQL of it:
///
///     a source    (SELECT * FROM table WHERE quals) AS t0
///     a step      (node LEFT JOIN node ON conditions)
///     the result  SELECT columns FROM node WHERE filter
///
/// where a filter below another step that is not inner needs a subquery of its own. Behind a semi
/// or anti step the columns of its right node are gone.
struct Join {
    std::vector<JoinSource> sources; ///< empty: no join
    std::vector<JoinStep> steps;     ///< one less than the sources
    std::vector<JoinColumn> columns; ///< of the result, in this order; none: only rows count

    [[nodiscard]] bool empty() const noexcept { return sources.empty(); }
    friend bool operator==(const Join&, const Join&) = default;
};

/// Sources of one join at most: a set of them is one word.
inline constexpr std::size_t kMaxJoinSources = 64;

/// Checks the shape: nodes used once and in order, columns of sources that are still visible where
/// they are used, operators with the right number of values.
/// Errors: kProtocol.
[[nodiscard]] Status check_join(const Join& join);

/// The operator with its sides exchanged: `a < b` is `b > a`. Only for comparisons.
[[nodiscard]] QualOp commuted(QualOp op) noexcept;

/// How messages name the columns of the result: `mid.id`, or `mid#2.id` for the second source of
/// the same table. Different columns have different labels.
[[nodiscard]] std::vector<std::string> column_labels(const Join& join);

} // namespace penstock
