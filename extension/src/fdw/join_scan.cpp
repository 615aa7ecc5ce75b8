#include "fdw/join_scan.hpp"
#include "fdw/foreign_stream.hpp"

#include "fdw/scan_request.hpp"
#include "pg/compat.hpp"
#include "pg/conversion.hpp"

namespace penstock::fdw {
namespace {

/// The range table entry of a source: the plan has its place among the scan's.
Index entry_of(const ForeignScan* plan, const void* source) {
    int rank = linitial_int(sublist(source, kSourceRank));
    const Bitmapset* entries = pg::scanned_entries(plan);
    int entry = bms_next_member(entries, -1);
    for (; rank > 0; --rank) {
        entry = bms_next_member(entries, entry);
    }
    return static_cast<Index>(entry);
}

const char* alias_of(ForeignScanState* node, Index entry, List* names) {
    const char* shown =
        names == NIL ? nullptr : static_cast<char*>(list_nth(names, static_cast<int>(entry) - 1));
    return shown != nullptr ? shown : exec_rt_fetch(entry, node->ss.ps.state)->eref->aliasname;
}

/// `spy.mid a`, or `spy.mid` when it has no other name.
char* source_text(const pg::TableInfo* table, const char* alias) {
    const char* name = quote_qualified_identifier(table->connection, table->table);
    return strcmp(table->table, alias) == 0 ? pstrdup(name)
                                            : psprintf("%s %s", name, quote_identifier(alias));
}

const char* sql_of(JoinKind kind) {
    static constexpr const char* kNames[] = {"", "INNER", "LEFT", "FULL", "SEMI", "ANTI"};
    return kNames[static_cast<int>(kind)];
}

/// A node below another one: a join in parentheses.
const char* inner_text(List* nodes, int node, int source_count) {
    auto* text = static_cast<char*>(list_nth(nodes, node));
    return node < source_count ? text : psprintf("(%s)", text);
}

const char* relations_text(const ForeignScan* plan, const JoinScan* join) {
    List* nodes = NIL;
    for (int source = 0; source < join->source_count; ++source) {
        nodes = lappend(nodes, source_text(join->tables[source], join->aliases[source]));
    }
    ListCell* cell = nullptr;
    foreach (cell, join_list(plan, kJoinSteps)) {
        const PlannedStep step = read_step(lfirst(cell));
        nodes = lappend(
            nodes, psprintf("%s %s JOIN %s", inner_text(nodes, step.left, join->source_count),
                            sql_of(step.kind), inner_text(nodes, step.right, join->source_count)));
    }
    return static_cast<char*>(llast(nodes));
}

void read_sources(ForeignScanState* node, JoinScan* join, List* names) {
    const ForeignScan* plan = plan_of(node);
    List* sources = join_list(plan, kJoinSources);
    join->source_count = list_length(sources);
    const auto count = static_cast<Size>(join->source_count);
    join->tables = static_cast<pg::TableInfo**>(palloc(sizeof(pg::TableInfo*) * count));
    join->aliases = static_cast<const char**>(palloc(sizeof(char*) * count));
    join->name = "";
    ListCell* cell = nullptr;
    foreach (cell, sources) {
        const int source = foreach_current_index(cell);
        const Index entry = entry_of(plan, lfirst(cell));
        join->tables[source] = pg::read_table(exec_rt_fetch(entry, node->ss.ps.state)->relid);
        join->aliases[source] = alias_of(node, entry, names);
        join->name =
            psprintf("%s%s%s", join->name, source == 0 ? "" : ", ", join->tables[source]->table);
    }
}

void read_columns(const ForeignScan* plan, JoinScan* join) {
    List* columns = join_list(plan, kJoinColumns);
    join->column_count = list_length(columns);
    const auto count = static_cast<Size>(Max(join->column_count, 1));
    join->labels = static_cast<core::ColumnSpec*>(palloc0(sizeof(core::ColumnSpec) * count));
    join->columns =
        static_cast<core::JoinColumnSpec*>(palloc0(sizeof(core::JoinColumnSpec) * count));
    ListCell* cell = nullptr;
    foreach (cell, columns) {
        const auto* item = static_cast<const List*>(lfirst(cell));
        const int index = foreach_current_index(cell);
        const int source = linitial_int(item);
        const pg::ColumnInfo* column =
            planned_column(join->tables[source], static_cast<AttrNumber>(lsecond_int(item)));
        const char* label = psprintf("%s.%s", join->aliases[source], column->name);
        join->labels[index] = {pg::to_utf8(label), column->type, static_cast<std::uint16_t>(index)};
        join->columns[index] = {static_cast<std::uint32_t>(source), pg::to_utf8(column->name),
                                column->type};
    }
}

/// A condition that compares with values, as make_quals() takes it.
void make_value_condition(ForeignScanState* node, const JoinScan* join,
                          const PlannedCondition* planned, core::JoinConditionSpec* condition) {
    List* qual = list_make4_int(planned->qual.attnum, static_cast<int>(planned->qual.op), 1,
                                planned->qual.expr);
    std::span<const core::QualSpec> made;
    (void)make_quals(node, join->tables[planned->source], list_make1(qual), &made);
    condition->qual = made[0];
}

void make_column_condition(const JoinScan* join, const PlannedCondition* planned,
                           core::JoinConditionSpec* condition) {
    const pg::ColumnInfo* column =
        planned_column(join->tables[planned->source], planned->qual.attnum);
    const pg::ColumnInfo* other =
        planned_column(join->tables[planned->other_source], planned->other_attnum);
    condition->qual = {pg::to_utf8(column->name), planned->qual.op, column->type, true, nullptr, 0};
    condition->other = {static_cast<std::uint32_t>(planned->other_source), pg::to_utf8(other->name),
                        other->type};
}

std::span<const core::JoinConditionSpec> make_conditions(ForeignScanState* node,
                                                         const JoinScan* join, List* planned) {
    const auto count = static_cast<std::size_t>(list_length(planned));
    auto* conditions = static_cast<core::JoinConditionSpec*>(
        palloc0(sizeof(core::JoinConditionSpec) * Max(count, 1)));
    ListCell* cell = nullptr;
    foreach (cell, planned) {
        const PlannedCondition each = read_condition(lfirst(cell));
        core::JoinConditionSpec* condition = &conditions[foreach_current_index(cell)];
        condition->source = static_cast<std::uint32_t>(each.source);
        if (each.other_source >= 0) {
            make_column_condition(join, &each, condition);
        } else {
            make_value_condition(node, join, &each, condition);
        }
    }
    return {conditions, count};
}

} // namespace

JoinScan* make_join_scan(ForeignScanState* node, List* names) {
    auto* join = static_cast<JoinScan*>(palloc0(sizeof(JoinScan)));
    read_sources(node, join, names);
    read_columns(plan_of(node), join);
    join->relations = relations_text(plan_of(node), join);
    return join;
}

const core::JoinSpec* make_join_spec(ForeignScanState* node, JoinScan* join) {
    const ForeignScan* plan = plan_of(node);
    const auto source_count = static_cast<std::size_t>(join->source_count);
    auto* sources =
        static_cast<core::JoinSourceSpec*>(palloc0(sizeof(core::JoinSourceSpec) * source_count));
    auto* steps =
        static_cast<core::JoinStepSpec*>(palloc0(sizeof(core::JoinStepSpec) * source_count));
    ListCell* cell = nullptr;
    foreach (cell, join_list(plan, kJoinSources)) {
        const int source = foreach_current_index(cell);
        sources[source].table = pg::to_utf8(join->tables[source]->table);
        (void)make_quals(node, join->tables[source], sublist(lfirst(cell), kSourceQuals),
                         &sources[source].quals);
    }
    foreach (cell, join_list(plan, kJoinSteps)) {
        const PlannedStep step = read_step(lfirst(cell));
        steps[foreach_current_index(cell)] = {step.kind, static_cast<std::uint32_t>(step.left),
                                              static_cast<std::uint32_t>(step.right),
                                              make_conditions(node, join, step.conditions),
                                              make_conditions(node, join, step.filter)};
    }
    join->spec = {{sources, source_count},
                  {steps, source_count - 1},
                  {join->columns, static_cast<std::size_t>(join->column_count)}};
    return &join->spec;
}

} // namespace penstock::fdw
