#include "run_join.hpp"

#include "evaluation.hpp"
#include "requested_column.hpp"

#include <algorithm>

namespace penstock {

namespace {

using Tables = std::vector<std::shared_ptr<Table>>;

/// The catalog that the server planned with may be older than the tables.
class JoinCheck {
  public:
    JoinCheck(const Join& join, const Tables& tables) : join_(join), tables_(tables) {}

    void run() const {
        for (std::size_t source = 0; source < join_.sources.size(); ++source) {
            check_source(join_.sources[source], tables_.at(source)->schema());
        }
        check_steps();
        for (const JoinColumn& column : join_.columns) {
            (void)column_of(column);
        }
    }

  private:
    static void check_source(const JoinSource& source, const TableSchema& schema) {
        for (const Qual& qual : source.quals) {
            const RequestedColumn wanted{qual.column, qual.type};
            const Column& column = schema.columns[position_of(wanted, schema)];
            if (!is_never(qual.op, qual.values)) {
                check_exact(schema, column, qual.op);
            }
        }
        check_keys(schema, source.quals);
    }

    void check_steps() const {
        using Sources = std::vector<std::size_t>;
        std::vector<Sources> nodes; // the sources below each
        nodes.reserve(join_.sources.size() + join_.steps.size());
        for (std::size_t source = 0; source < join_.sources.size(); ++source) {
            nodes.push_back({source});
        }
        for (const JoinStep& step : join_.steps) {
            Sources& made = nodes.emplace_back(nodes.at(step.left));
            const Sources& right = nodes.at(step.right);
            made.insert(made.end(), right.begin(), right.end());
            check_kind(step.kind, made);
            check_conditions(step.conditions);
            check_conditions(step.filter);
        }
    }

    void check_kind(JoinKind kind, const std::vector<std::size_t>& sources) const {
        for (const std::size_t source : sources) {
            const TableSchema& schema = tables_.at(source)->schema();
            if (!schema.joins.has(kind)) {
                throw Exception(definition_changed(ErrorKind::kType,
                                                   "table \"" + schema.name +
                                                       "\" takes part in no join of kind \"" +
                                                       std::string(name_of(kind)) + "\" any more"));
            }
        }
    }

    void check_conditions(const std::vector<JoinCondition>& conditions) const {
        for (const JoinCondition& condition : conditions) {
            const Column& column = column_of(condition.column);
            if (!is_never(condition.op, condition.values)) {
                check_exact(schema_of(condition.column), column, condition.op);
            }
            if (condition.other) {
                check_exact(schema_of(*condition.other), column_of(*condition.other),
                            commuted(condition.op));
            }
        }
    }

    /// What the server makes of any condition whose value turns out to be NULL: nothing to compare.
    static bool is_never(QualOp op, const std::vector<Value>& values) {
        return op == QualOp::kIn && values.empty();
    }

    static void check_exact(const TableSchema& schema, const Column& column, QualOp op) {
        if (!column.exact.has(op)) {
            throw Exception(not_exact(schema, column.name, op));
        }
    }

    [[nodiscard]] const TableSchema& schema_of(const JoinColumn& column) const {
        return tables_.at(column.source)->schema();
    }
    [[nodiscard]] const Column& column_of(const JoinColumn& column) const {
        const TableSchema& schema = schema_of(column);
        return schema.columns[position_of({column.name, column.type}, schema)];
    }

    const Join& join_;
    const Tables& tables_;
};

/// The result as if it were a table: what a RowSink checks rows against.
TableSchema result_schema(const ScanRequest& request) {
    TableSchema schema;
    for (const JoinSource& source : request.join.sources) {
        schema.name += schema.name.empty() ? "join of " : ", ";
        schema.name += source.table;
    }
    for (const RequestedColumn& column : request.columns) {
        schema.columns.push_back({column.name, column.type});
    }
    return schema;
}

ScanPlan plan_join(ScanRequest request) {
    ScanPlan plan;
    plan.request = std::move(request);
    plan.wanted_columns = plan.request.columns.size();
    plan.row_limit = std::exchange(plan.request.row_limit, 0);
    return plan;
}

} // namespace

void Connection::join(const ScanRequest& request, RowSink& /*rows*/) {
    throw Exception(ErrorKind::kInternal,
                    "connection \"" + request.connection + "\" offers joins and has none");
}

ScanSummary run_join(Connection& connection, const Tables& tables, ScanRequest request,
                     BlockOutput& output) {
    JoinCheck(request.join, tables).run();
    const ScanPlan plan = plan_join(std::move(request));
    const TableSchema schema = result_schema(plan.request);
    Evaluation evaluation(plan, output);
    RowSink rows(plan.request, schema, evaluation);
    try {
        connection.join(plan.request, rows);
        rows.finish();
    } catch (...) {
        if (!evaluation.is_complete()) { // else that is how the connection was stopped
            throw;
        }
    }
    evaluation.finish();
    return {evaluation.row_count(), rows.source_bytes(), rows.warnings()};
}

} // namespace penstock
