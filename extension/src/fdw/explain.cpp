#include "core/scan_session.hpp"
#include "fdw/foreign_stream.hpp"

#include "fdw/callbacks.hpp"
#include "fdw/join_scan.hpp"
#include "fdw/plan_data.hpp"
#include "fdw/scan_request.hpp"
#include "pg/compat.hpp"

/// EXPLAIN: what the plugin is asked for; with ANALYZE also what came back. Never contacts a
/// plugin.
namespace penstock::fdw {
namespace {

/// The catalog may be newer than the plan.
bool is_column(const pg::TableInfo* table, int attnum) {
    return attnum <= table->column_count && table->columns[attnum - 1].attnum != 0;
}

List* column_names(const pg::TableInfo* table, List* attnums) {
    List* names = NIL;
    ListCell* cell = nullptr;
    foreach (cell, attnums) {
        const int attnum = lfirst_int(cell);
        if (is_column(table, attnum)) {
            names = lappend(names,
                            const_cast<char*>(quote_identifier(table->columns[attnum - 1].name)));
        }
    }
    return names;
}

char* qual_text(const pg::TableInfo* table, const ForeignScan* plan, const PlannedQual* qual,
                List* deparse_context) {
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfoString(&text, quote_identifier(table->columns[qual->attnum - 1].name));
    if (qual->expr == kBatchExpr) {
        appendStringInfoString(&text, " = ANY (keys of the batch)");
        return text.data;
    }
    if (qual->expr < 0) {
        appendStringInfoString(&text, qual->op == QualOp::kIsNull ? " IS NULL" : " IS NOT NULL");
        return text.data;
    }
    auto* expr = static_cast<Node*>(list_nth(plan->fdw_exprs, qual->expr));
    const char* value = deparse_expression(expr, deparse_context, false, false);
    if (qual->op == QualOp::kIn) {
        appendStringInfo(&text, " = ANY (%s)", value);
    } else {
        const std::string_view sign = sign_of(qual->op);
        appendStringInfo(&text, " %.*s %s", static_cast<int>(sign.size()), sign.data(), value);
    }
    return text.data;
}

/// Two texts of one kind, joined.
char* joined(const char* left, const char* between, const char* right) {
    return psprintf("%s%s%s", left, between, right);
}

const char* name_of(AggregateFunction function) {
    static constexpr const char* kNames[] = {"", "count", "sum", "min", "max", "avg"};
    return kNames[static_cast<int>(function)];
}

/// `sum(price) FILTER (WHERE id > 7)`
char* call_text(const pg::TableInfo* table, const ForeignScan* plan, const PlannedCall* call,
                List* context) {
    const char* column = call->attnum == 0 ? "*" : "?";
    if (call->attnum != 0 && is_column(table, call->attnum)) {
        column = quote_identifier(table->columns[call->attnum - 1].name);
    }
    char* text = psprintf("%s(%s)", name_of(call->function), column);
    const char* before = " FILTER (WHERE ";
    ListCell* cell = nullptr;
    foreach (cell, call->filter) {
        const PlannedQual qual = read_qual(lfirst(cell));
        if (is_column(table, qual.attnum)) {
            text = joined(text, before, qual_text(table, plan, &qual, context));
            before = " AND ";
        }
    }
    return call->filter == NIL ? text : joined(text, ")", "");
}

void explain_groups(const pg::TableInfo* table, const ForeignScan* plan, List* context,
                    ExplainState* state) {
    ExplainPropertyText("Table", quote_qualified_identifier(table->connection, table->table),
                        state);
    if (columns_of(plan) != NIL) {
        ExplainPropertyList("Group Keys", column_names(table, columns_of(plan)), state);
    }
    List* texts = NIL;
    ListCell* cell = nullptr;
    foreach (cell, calls_of(plan)) {
        const PlannedCall call = read_call(lfirst(cell));
        texts = lappend(texts, call_text(table, plan, &call, context));
    }
    if (texts != NIL) {
        ExplainPropertyList("Aggregates", texts, state);
    }
}

/// `day DESC NULLS LAST`, as ORDER BY has it.
char* sort_text(const pg::TableInfo* table, const ForeignScan* plan, const PlannedSortKey* key,
                List* context) {
    const int key_count = is_grouped(plan) ? list_length(columns_of(plan)) : 0;
    char* text = pstrdup("?");
    if (is_grouped(plan) && key->column >= key_count) {
        const PlannedCall call = read_call(list_nth(calls_of(plan), key->column - key_count));
        text = call_text(table, plan, &call, context);
    } else {
        const int attnum =
            is_grouped(plan) ? list_nth_int(columns_of(plan), key->column) : key->column;
        if (is_column(table, attnum)) {
            text = pstrdup(quote_identifier(table->columns[attnum - 1].name));
        }
    }
    const char* nulls = "";
    if (key->is_nulls_first != key->is_descending) {
        nulls = key->is_nulls_first ? " NULLS FIRST" : " NULLS LAST";
    }
    return joined(text, key->is_descending ? " DESC" : "", nulls);
}

void explain_sort(const pg::TableInfo* table, const ForeignScan* plan, List* context,
                  ExplainState* state) {
    List* texts = NIL;
    ListCell* cell = nullptr;
    foreach (cell, sort_of(plan)) {
        const PlannedSortKey key = read_sort_key(lfirst(cell));
        texts = lappend(texts, sort_text(table, plan, &key, context));
    }
    if (texts != NIL) {
        ExplainPropertyList(is_top(plan) ? "First Rows By" : "Ordered By", texts, state);
    }
}

/// `a.k = 3`, `a.k = b.k`
char* condition_text(const JoinScan* join, const ForeignScan* plan,
                     const PlannedCondition* condition, List* context) {
    const pg::TableInfo* table = join->tables[condition->source];
    const char* alias = quote_identifier(join->aliases[condition->source]);
    if (condition->other_source < 0) {
        return joined(alias, ".", qual_text(table, plan, &condition->qual, context));
    }
    const pg::TableInfo* other = join->tables[condition->other_source];
    const std::string_view sign = sign_of(condition->qual.op);
    return psprintf("%s.%s %.*s %s.%s", alias,
                    quote_identifier(planned_column(table, condition->qual.attnum)->name),
                    static_cast<int>(sign.size()), sign.data(),
                    quote_identifier(join->aliases[condition->other_source]),
                    quote_identifier(planned_column(other, condition->other_attnum)->name));
}

List* condition_texts(const JoinScan* join, const ForeignScan* plan, List* conditions,
                      List* context, List* texts) {
    ListCell* cell = nullptr;
    foreach (cell, conditions) {
        const PlannedCondition condition = read_condition(lfirst(cell));
        texts = lappend(texts, condition_text(join, plan, &condition, context));
    }
    return texts;
}

List* source_texts(const JoinScan* join, const ForeignScan* plan, List* context) {
    List* texts = NIL;
    ListCell* cell = nullptr;
    foreach (cell, join_list(plan, kJoinSources)) {
        const int source = foreach_current_index(cell);
        ListCell* qual_cell = nullptr;
        foreach (qual_cell, sublist(lfirst(cell), kSourceQuals)) {
            const PlannedQual qual = read_qual(lfirst(qual_cell));
            texts = lappend(texts, joined(quote_identifier(join->aliases[source]), ".",
                                          qual_text(join->tables[source], plan, &qual, context)));
        }
    }
    return texts;
}

void explain_list(const char* name, List* texts, ExplainState* state) {
    if (texts != NIL) {
        ExplainPropertyList(name, texts, state);
    }
}

void explain_join(ForeignScanState* node, List* context, ExplainState* state) {
    const ForeignScan* plan = plan_of(node);
    const JoinScan* join = make_join_scan(node, state->rtable_names);
    ExplainPropertyText("Relations", join->relations, state);
    List* columns = NIL;
    for (int index = 0; index < join->column_count; ++index) {
        const core::JoinColumnSpec* column = &join->columns[index];
        columns = lappend(columns, joined(quote_identifier(join->aliases[column->source]), ".",
                                          quote_identifier(column->name)));
    }
    ExplainPropertyList("Columns", columns, state);
    List* conditions = NIL;
    List* filter = NIL;
    ListCell* cell = nullptr;
    foreach (cell, join_list(plan, kJoinSteps)) {
        const PlannedStep step = read_step(lfirst(cell));
        conditions = condition_texts(join, plan, step.conditions, context, conditions);
        filter = condition_texts(join, plan, step.filter, context, filter);
    }
    explain_list("Exact Quals", source_texts(join, plan, context), state);
    explain_list("Join Conditions", conditions, state);
    explain_list("Join Filters", filter, state);
}

void explain_limit(const ForeignScan* plan, List* context, ExplainState* state) {
    List* limit = limit_of(plan);
    if (limit == NIL) {
        return;
    }
    const auto text_of = [&](int position) {
        auto* number = static_cast<Node*>(list_nth(plan->fdw_exprs, position));
        return IsA(number, Const) && !castNode(Const, number)->constisnull
                   ? psprintf(INT64_FORMAT, DatumGetInt64(castNode(Const, number)->constvalue))
                   : deparse_expression(number, context, false, false);
    };
    const char* text = text_of(linitial_int(limit));
    if (lsecond_int(limit) >= 0) {
        text = joined(text, " + ", text_of(lsecond_int(limit)));
    }
    ExplainPropertyText("Row Limit", text, state);
}

List* qual_texts(ForeignScanState* node, ExplainState* state, const pg::TableInfo* table,
                 bool is_exact) {
    auto* plan = castNode(ForeignScan, node->ss.ps.plan);
    List* context = set_deparse_context_plan(state->deparse_cxt, &plan->scan.plan, NIL);
    List* texts = NIL;
    ListCell* cell = nullptr;
    foreach (cell, quals_of(plan)) {
        const PlannedQual qual = read_qual(lfirst(cell));
        if (qual.is_exact == is_exact && is_column(table, qual.attnum)) {
            texts = lappend(texts, qual_text(table, plan, &qual, context));
        }
    }
    return texts;
}

void explain_counters(const ForeignStream* scan, ExplainState* state) {
    const core::ScanSession* session = scan->session;
    ExplainPropertyInteger("Rows Received", nullptr,
                           static_cast<int64>(session->rows_total() + scan->rows_of_workers),
                           state);
    ExplainPropertyInteger("Blocks", nullptr,
                           static_cast<int64>(session->blocks_total() + scan->blocks_of_workers),
                           state);
    ExplainPropertyInteger("Bytes", nullptr,
                           static_cast<int64>(session->bytes_total() + scan->bytes_of_workers),
                           state);
    if (session->source_bytes_total() > 0) {
        ExplainPropertyInteger("Source Bytes", nullptr,
                               static_cast<int64>(session->source_bytes_total()), state);
    }
    if (session->is_cached()) {
        ExplainPropertyBool("Cache Hit", true, state);
        if (state->timing) {
            ExplainPropertyInteger("Cache Age", "ms", static_cast<int64>(session->cache_age_ms()),
                                   state);
        }
    }
    if (scan->part_total > 0) {
        ExplainPropertyInteger("Parts", nullptr, scan->part_total, state);
    }
    if (state->timing && scan->first_row_ms >= 0) {
        ExplainPropertyFloat("Time to First Row", "ms", scan->first_row_ms, 3, state);
    }
}

} // namespace
} // namespace penstock::fdw

using namespace penstock;
using namespace penstock::fdw;

void penstock_explain_foreign_scan(ForeignScanState* node, ExplainState* state) noexcept {
    const ForeignStream* scan = static_cast<ForeignStream*>(node->fdw_state);
    const pg::TableInfo* table = pg::read_table(pg::scanned_table(node));
    auto* plan = castNode(ForeignScan, node->ss.ps.plan);
    ExplainPropertyText("Plugin", table->plugin, state);
    List* context = set_deparse_context_plan(state->deparse_cxt, &plan->scan.plan, NIL);
    if (is_join(plan)) {
        explain_join(node, context, state);
    } else if (is_grouped(plan)) {
        explain_groups(table, plan, context, state);
    } else {
        ExplainPropertyList("Columns", column_names(table, columns_of(plan)), state);
    }
    List* exact = qual_texts(node, state, table, true);
    if (exact != NIL) {
        ExplainPropertyList("Exact Quals", exact, state);
    }
    List* superset = qual_texts(node, state, table, false);
    if (superset != NIL) {
        ExplainPropertyList("Superset Quals", superset, state);
    }
    explain_sort(table, plan, context, state);
    if (row_target_of(plan) > 0) {
        ExplainPropertyInteger("Row Target", nullptr, row_target_of(plan), state);
    }
    if (row_target_of(plan) == 0) { // else the same in numbers
        explain_limit(plan, context, state);
    }
    if (state->analyze && scan != nullptr) {
        explain_counters(scan, state);
    }
}
