#include "join_rows.hpp"

#include "compare.hpp"

#include <algorithm>

namespace spy {

using namespace penstock;

namespace {

/// One row of each source; nullptr: of another node, or without a partner.
using Tuple = std::vector<const Row*>;

class Joiner {
  public:
    Joiner(const Join& join, const std::vector<JoinInput>& inputs,
           const std::function<void()>& look_up)
        : join_(join), inputs_(inputs), look_up_(look_up) {}

    [[nodiscard]] std::vector<Row> run() const {
        std::vector<std::vector<Tuple>> nodes;
        for (std::size_t source = 0; source < inputs_.size(); ++source) {
            nodes.push_back(read(source));
        }
        for (const JoinStep& step : join_.steps) {
            nodes.push_back(run(step, nodes.at(step.left), nodes.at(step.right)));
        }
        std::vector<Row> rows;
        for (const Tuple& tuple : nodes.back()) {
            Row& row = rows.emplace_back();
            for (const JoinColumn& column : join_.columns) {
                row.push_back(value_of(column, tuple));
            }
        }
        return rows;
    }

  private:
    [[nodiscard]] std::size_t position_of(std::size_t source, const std::string& name) const {
        const std::vector<Column>& columns = *inputs_.at(source).columns;
        const auto found = std::find_if(columns.begin(), columns.end(),
                                        [&](const Column& each) { return each.name == name; });
        return static_cast<std::size_t>(found - columns.begin());
    }

    [[nodiscard]] Value value_of(const JoinColumn& column, const Tuple& tuple) const {
        const Row* row = tuple.at(column.source);
        return row == nullptr ? Value() : row->at(position_of(column.source, column.name));
    }

    [[nodiscard]] std::vector<Tuple> read(std::size_t source) const {
        std::vector<Tuple> tuples;
        const std::vector<Qual>& quals = join_.sources.at(source).quals;
        for (const Row& row : *inputs_.at(source).rows) {
            const bool is_wanted = std::all_of(quals.begin(), quals.end(), [&](const Qual& qual) {
                return is_satisfied(row.at(position_of(source, qual.column)), qual);
            });
            if (is_wanted) {
                tuples.emplace_back(inputs_.size(), nullptr).at(source) = &row;
            }
        }
        return tuples;
    }

    [[nodiscard]] bool holds(const JoinCondition& condition, const Tuple& tuple) const {
        const Value value = value_of(condition.column, tuple);
        if (condition.other) {
            const Value other = value_of(*condition.other, tuple);
            return !is_null(value) && !is_null(other) &&
                   is_satisfied(value, condition.op, other, condition.column.type);
        }
        return is_satisfied(value, {condition.column.name, condition.op, condition.column.type,
                                    condition.values, true});
    }

    [[nodiscard]] bool hold(const std::vector<JoinCondition>& conditions,
                            const Tuple& tuple) const {
        return std::all_of(conditions.begin(), conditions.end(),
                           [&](const JoinCondition& each) { return holds(each, tuple); });
    }

    static Tuple merged(Tuple left, const Tuple& right) {
        for (std::size_t source = 0; source < left.size(); ++source) {
            left[source] = left[source] == nullptr ? right[source] : left[source];
        }
        return left;
    }

    [[nodiscard]] std::vector<Tuple> run(const JoinStep& step, const std::vector<Tuple>& left,
                                         const std::vector<Tuple>& right) const {
        const bool shows_pairs = step.kind == JoinKind::kInner || step.kind == JoinKind::kLeft ||
                                 step.kind == JoinKind::kFull;
        const bool keeps_single = step.kind == JoinKind::kLeft || step.kind == JoinKind::kFull ||
                                  step.kind == JoinKind::kAnti;
        std::vector<Tuple> result;
        std::vector<bool> is_partner(right.size(), false);
        for (const Tuple& one : left) {
            look_up_();
            bool has_partner = false;
            for (std::size_t index = 0; index < right.size(); ++index) {
                Tuple pair = merged(one, right[index]);
                if (!hold(step.conditions, pair)) {
                    continue;
                }
                has_partner = is_partner[index] = true;
                if (shows_pairs) {
                    result.push_back(std::move(pair));
                }
            }
            if (has_partner ? step.kind == JoinKind::kSemi : keeps_single) {
                result.push_back(one);
            }
        }
        for (std::size_t index = 0; step.kind == JoinKind::kFull && index < right.size(); ++index) {
            if (!is_partner[index]) {
                result.push_back(right[index]);
            }
        }
        std::erase_if(result, [&](const Tuple& tuple) { return !hold(step.filter, tuple); });
        return result;
    }

    const Join& join_;
    const std::vector<JoinInput>& inputs_;
    const std::function<void()>& look_up_;
};

} // namespace

std::vector<Row> join_rows(const Join& join, const std::vector<JoinInput>& inputs,
                           const std::function<void()>& look_up) {
    return Joiner(join, inputs, look_up).run();
}

} // namespace spy
