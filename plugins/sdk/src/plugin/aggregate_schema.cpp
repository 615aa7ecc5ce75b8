#include "aggregate.hpp"

#include "penstock/types/evaluator.hpp"

#include <algorithm>
#include <map>

namespace penstock {

namespace {

/// A column as the children that were seen so far offer it.
struct JoinedColumn {
    Column column;     ///< `exact`: in all of them
    QualOps offered;   ///< in any of them, exact or not
    bool is_converted; ///< they differ in type
};

/// What a scan needs most, first.
constexpr KeyKind kKeysByNeed[] = {KeyKind::kRequired, KeyKind::kAnyOf, KeyKind::kOptional};

KeyKind stronger(KeyKind left, KeyKind right) {
    const auto* const found =
        std::find_if(std::begin(kKeysByNeed), std::end(kKeysByNeed),
                     [&](KeyKind kind) { return left == kind || right == kind; });
    return found == std::end(kKeysByNeed) ? KeyKind::kNone : *found;
}

bool is_reserved(const std::string& name) {
    return name == kConnectionColumn || name == kContextColumn;
}

class JoinedTable {
  public:
    void add(const TableSchema& table) {
        if (schema_.name.empty()) {
            schema_.name = table.name;
            schema_.row_estimate = 0;
            schema_.startup_cost_ms = 0;
            schema_.evaluator = kEvaluatorLevel;
        }
        if (schema_.description.empty()) {
            schema_.description = table.description;
        }
        schema_.row_estimate += table.row_estimate;
        // They are asked side by side.
        schema_.startup_cost_ms = std::max(schema_.startup_cost_ms, table.startup_cost_ms);
        for (const Column& column : table.columns) {
            if (!is_reserved(column.name)) {
                add(column);
            }
        }
    }

    [[nodiscard]] TableSchema finish() && {
        for (JoinedColumn& joined : columns_) {
            Column& column = joined.column;
            if (joined.is_converted) {
                column.type = TypeId::kJsonb;
                column.exact = {};
                column.key = KeyKind::kNone;
                column.batch = 0;
            } else {
                column.superset = joined.offered - column.exact;
            }
            schema_.columns.push_back(std::move(column));
        }
        schema_.columns.push_back(
            {kConnectionColumn, TypeId::kText, "Connection that the row comes from.",
             QualOps{QualOp::kEq, QualOp::kNe, QualOp::kIn, QualOp::kIsNull, QualOp::kIsNotNull},
             QualOps{QualOp::kLike}, KeyKind::kOptional});
        schema_.columns.push_back({kContextColumn, TypeId::kJsonb,
                                   "Where the row comes from: connection_name and plugin."});
        return std::move(schema_);
    }

  private:
    void add(const Column& column) {
        const QualOps offered = column.exact | column.superset;
        const auto [place, is_new] = places_.emplace(column.name, columns_.size());
        if (is_new) {
            columns_.push_back({column, offered, false});
            columns_.back().column.superset = {};
            columns_.back().column.is_unique = false;   // two connections may have the same row
            columns_.back().column.is_sortable = false; // their rows come side by side
            return;
        }
        JoinedColumn& joined = columns_[place->second];
        joined.is_converted = joined.is_converted || joined.column.type != column.type;
        joined.offered = joined.offered | offered;
        joined.column.exact = joined.column.exact & column.exact;
        joined.column.key = stronger(joined.column.key, column.key);
        joined.column.batch = std::min(joined.column.batch, column.batch);
        joined.column.distinct_estimate =
            std::max(joined.column.distinct_estimate, column.distinct_estimate);
        if (joined.column.description.empty()) {
            joined.column.description = column.description;
        }
    }

    TableSchema schema_;
    std::vector<JoinedColumn> columns_; ///< in the order in which they were first seen
    std::map<std::string, std::size_t> places_;
};

} // namespace

std::vector<TableSchema> join_schemas(const std::vector<ChildSchemas>& children) {
    std::map<std::string, JoinedTable> joined;
    for (const ChildSchemas& child : children) {
        for (const TableSchema& table : child.tables) {
            joined[table.name].add(table);
        }
    }
    std::vector<TableSchema> schemas;
    schemas.reserve(joined.size());
    for (auto& [name, table] : joined) {
        schemas.push_back(std::move(table).finish());
    }
    return schemas;
}

} // namespace penstock
