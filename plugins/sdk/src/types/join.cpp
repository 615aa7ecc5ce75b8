#include "penstock/types/join.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

Error refuse(const std::string& what) {
    return Error::make(ErrorKind::kProtocol, "malformed join: " + what);
}

/// A set of sources.
using Mask = std::uint64_t;

bool is_in(const JoinColumn& column, Mask visible) {
    return column.source < kMaxJoinSources && ((visible >> column.source) & 1U) != 0;
}

bool is_comparison(QualOp op) {
    return op >= QualOp::kEq && op <= QualOp::kGe;
}

bool is_value_count_right(const JoinCondition& condition) {
    if (condition.other) {
        return condition.values.empty() && is_comparison(condition.op);
    }
    switch (condition.op) {
    case QualOp::kIn:
        return true;
    case QualOp::kIsNull:
    case QualOp::kIsNotNull:
        return condition.values.empty();
    default:
        return condition.values.size() == 1;
    }
}

Status check_conditions(const std::vector<JoinCondition>& conditions, Mask visible) {
    for (const JoinCondition& condition : conditions) {
        if (!is_in(condition.column, visible) ||
            (condition.other && !is_in(*condition.other, visible))) {
            return refuse("a condition on column \"" + condition.column.name +
                          "\" where it cannot be seen");
        }
        if (!is_value_count_right(condition)) {
            return refuse("a condition on column \"" + condition.column.name +
                          "\" with a wrong number of values");
        }
    }
    return {};
}

/// Nodes of a join that is being checked: the sources that can be seen in each that is not used
/// yet.
class Nodes {
  public:
    explicit Nodes(std::size_t source_count) {
        for (std::size_t source = 0; source < source_count; ++source) {
            visible_.push_back(Mask{1} << source);
        }
    }

    /// What can be seen in the node; 0: it is used, or not there.
    Mask take(std::uint32_t node) {
        return node < visible_.size() ? std::exchange(visible_[node], 0) : 0;
    }
    void add(Mask visible) { visible_.push_back(visible); }
    [[nodiscard]] Mask last() const { return visible_.back(); }

  private:
    std::vector<Mask> visible_;
};

Status check_step(const JoinStep& step, Nodes& nodes) {
    const Mask left = nodes.take(step.left);
    const Mask right = nodes.take(step.right);
    if (left == 0 || right == 0) {
        return refuse("a step of nodes " + std::to_string(step.left) + " and " +
                      std::to_string(step.right));
    }
    const bool hides_right = step.kind == JoinKind::kSemi || step.kind == JoinKind::kAnti;
    Status status = check_conditions(step.conditions, left | right);
    if (status) {
        nodes.add(hides_right ? left : left | right);
        status = check_conditions(step.filter, nodes.last());
    }
    return status;
}

} // namespace

Status check_join(const Join& join) {
    const std::size_t count = join.sources.size();
    if (count < 2 || count > kMaxJoinSources || join.steps.size() != count - 1) {
        return refuse(std::to_string(join.steps.size()) + " steps for " + std::to_string(count) +
                      " tables");
    }
    Nodes nodes(count);
    for (const JoinStep& step : join.steps) {
        Status status = check_step(step, nodes);
        if (!status) {
            return status;
        }
    }
    const auto hidden =
        std::find_if(join.columns.begin(), join.columns.end(),
                     [&](const JoinColumn& column) { return !is_in(column, nodes.last()); });
    if (hidden != join.columns.end()) {
        return refuse("column \"" + hidden->name + "\" of a table that cannot be seen");
    }
    return {};
}

QualOp commuted(QualOp op) noexcept {
    switch (op) {
    case QualOp::kLt:
        return QualOp::kGt;
    case QualOp::kLe:
        return QualOp::kGe;
    case QualOp::kGt:
        return QualOp::kLt;
    case QualOp::kGe:
        return QualOp::kLe;
    default:
        return op;
    }
}

std::vector<std::string> column_labels(const Join& join) {
    std::vector<std::string> tables;
    for (std::size_t source = 0; source < join.sources.size(); ++source) {
        const std::string& table = join.sources[source].table;
        const auto before = std::count_if(
            join.sources.begin(), join.sources.begin() + static_cast<std::ptrdiff_t>(source),
            [&](const JoinSource& each) { return each.table == table; });
        tables.push_back(before == 0 ? table : table + '#' + std::to_string(before + 1));
    }
    std::vector<std::string> labels;
    labels.reserve(join.columns.size());
    for (const JoinColumn& column : join.columns) {
        labels.push_back(tables.at(column.source) + '.' + column.name);
    }
    return labels;
}

} // namespace penstock
