#include "penstock/protocol/messages.hpp"

namespace penstock {

namespace {

Error refuse(const std::string& what, const std::string& column) {
    return Error::make(ErrorKind::kProtocol,
                       "malformed schema: " + what + " of column \"" + column + '"');
}

Result<Column> read_column(const wire::SchemaColumn& from) {
    const TypeInfo* type =
        from.type() <= UINT8_MAX ? find_type(static_cast<TypeId>(from.type())) : nullptr;
    if (type == nullptr) {
        return refuse("unknown type " + std::to_string(from.type()), from.name());
    }
    if (from.key() > static_cast<std::uint32_t>(KeyKind::kAnyOf)) {
        return refuse("unknown kind of key " + std::to_string(from.key()), from.name());
    }
    const Result<QualOps> exact = QualOps::from_text(from.exact());
    const Result<QualOps> superset = QualOps::from_text(from.superset());
    if (!exact || !superset) {
        return refuse((exact ? superset : exact).error().message, from.name());
    }
    Column column;
    column.name = from.name();
    column.type = type->id;
    column.description = from.description();
    column.exact = exact.value();
    column.superset = superset.value();
    column.key = static_cast<KeyKind>(from.key());
    column.batch = from.batch();
    column.is_unique = from.is_unique();
    column.distinct_estimate = from.distinct_estimate();
    column.is_sortable = from.is_sortable();
    return column;
}

} // namespace

void write_message(const SortKey& from, wire::SortKey& to) {
    to.set_column(from.column);
    to.set_is_descending(from.is_descending);
    to.set_is_nulls_first(from.is_nulls_first);
    to.set_aggregate(from.aggregate);
}

SortKey read_message(const wire::SortKey& from) {
    return {from.column(), from.is_descending(), from.is_nulls_first(), from.aggregate()};
}

void write_message(const std::vector<TableSchema>& from, wire::Schema& to) {
    for (const TableSchema& table : from) {
        wire::SchemaTable& target = *to.add_tables();
        target.set_name(table.name);
        target.set_description(table.description);
        target.set_row_estimate(table.row_estimate);
        target.set_startup_cost_ms(table.startup_cost_ms);
        target.set_max_parts(table.max_parts);
        target.set_joins(table.joins.to_text());
        target.set_evaluator(table.evaluator);
        for (const SortKey& key : table.ordered_by) {
            write_message(key, *target.add_ordered_by());
        }
        for (const Column& column : table.columns) {
            wire::SchemaColumn& entry = *target.add_columns();
            entry.set_name(column.name);
            entry.set_type(static_cast<std::uint32_t>(column.type));
            entry.set_description(column.description);
            entry.set_exact(column.exact.to_text());
            entry.set_superset(column.superset.to_text());
            entry.set_key(static_cast<std::uint32_t>(column.key));
            entry.set_batch(column.batch);
            entry.set_is_unique(column.is_unique);
            entry.set_distinct_estimate(column.distinct_estimate);
            entry.set_is_sortable(column.is_sortable);
        }
    }
}

Result<std::vector<TableSchema>> read_message(const wire::Schema& from) {
    std::vector<TableSchema> tables;
    tables.reserve(static_cast<std::size_t>(from.tables_size()));
    for (const wire::SchemaTable& source : from.tables()) {
        TableSchema table;
        table.name = source.name();
        table.description = source.description();
        table.row_estimate = source.row_estimate();
        table.startup_cost_ms = source.startup_cost_ms();
        table.max_parts = source.max_parts();
        Result<JoinKinds> joins = JoinKinds::from_text(source.joins());
        if (!joins) {
            return Error::make(ErrorKind::kProtocol, "malformed schema: " + joins.error().message +
                                                         " of table \"" + source.name() + '"');
        }
        table.joins = joins.value();
        table.evaluator = source.evaluator();
        for (const wire::SortKey& key : source.ordered_by()) {
            table.ordered_by.push_back(read_message(key));
        }
        for (const wire::SchemaColumn& wire_column : source.columns()) {
            Result<Column> column = read_column(wire_column);
            if (!column) {
                return column.error();
            }
            table.columns.push_back(std::move(column).value());
        }
        const Status status = check_schema(table);
        if (!status) {
            return status.error();
        }
        tables.push_back(std::move(table));
    }
    return tables;
}

void write_message(const std::vector<SchemaProblem>& from, wire::Schema& to) {
    for (const SchemaProblem& problem : from) {
        if (static_cast<std::size_t>(to.problems_size()) == kMaxProblems) {
            return;
        }
        wire::SchemaProblem& target = *to.add_problems();
        target.set_what(problem.what);
        target.set_reason(problem.reason);
    }
}

std::vector<SchemaProblem> read_problems(const wire::Schema& from) {
    std::vector<SchemaProblem> problems;
    for (const wire::SchemaProblem& problem : from.problems()) {
        if (problems.size() == kMaxProblems) {
            break;
        }
        problems.push_back({problem.what(), problem.reason()});
    }
    return problems;
}

} // namespace penstock
