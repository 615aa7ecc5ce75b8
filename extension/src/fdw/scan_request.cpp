#include "core/scan_session.hpp"
#include "fdw/foreign_stream.hpp"

#include "fdw/grouped_answer.hpp"
#include "fdw/join_scan.hpp"
#include "fdw/limit.hpp"
#include "fdw/plan_data.hpp"
#include "fdw/request_log.hpp"
#include "fdw/scan_record.hpp"
#include "fdw/scan_request.hpp"
#include "fdw/values.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/conversion.hpp"

/// The request of a scan: what the plan says, checked against the catalog as it is now, with the
/// values of the conditions.
namespace penstock::fdw {

bool is_cache_allowed = true;

const pg::ColumnInfo* planned_column(const pg::TableInfo* table, AttrNumber attnum) {
    if (attnum > table->column_count || table->columns[attnum - 1].attnum == 0) {
        pg::raise(
            ERRCODE_FDW_COLUMN_NAME_NOT_FOUND,
            psprintf("foreign table \"%s\" has changed since the query was planned", table->table),
            nullptr, "Run the statement again.");
    }
    const pg::ColumnInfo* column = &table->columns[attnum - 1];
    return column;
}

namespace {

/// The keys from the join above.
bool take_batch(const ForeignStream* state, core::QualSpec* qual) {
    int count = 0;
    qual->values = make_scalars(state->batch, state->batch_element, qual->type, &count);
    qual->value_count = static_cast<std::size_t>(count);
    return count > 0;
}

/// Evaluates the value of a condition. False: no row can satisfy it, because the value is NULL or
/// no value of the column.
bool evaluate(ForeignScanState* node, const PlannedQual* planned, core::QualSpec* qual) {
    auto* expression =
        static_cast<ExprState*>(list_nth(state_of(node)->expressions, planned->expr));
    bool is_null = false;
    const Datum value = ExecEvalExprSwitchContext(expression, node->ss.ps.ps_ExprContext, &is_null);
    if (is_null) {
        return false;
    }
    const Oid type = exprType(reinterpret_cast<Node*>(expression->expr));
    if (planned->op == QualOp::kIn) {
        int count = 0;
        qual->values = make_scalars(value, get_base_element_type(type), qual->type, &count);
        qual->value_count = static_cast<std::size_t>(count);
        return count > 0;
    }
    auto* scalar = static_cast<core::ScalarSpec*>(palloc(sizeof(core::ScalarSpec)));
    *scalar = make_scalar(value, type);
    qual->values = scalar;
    qual->value_count = 1;
    return can_hold(qual->type, *scalar);
}

} // namespace

bool make_quals(ForeignScanState* node, const pg::TableInfo* table, List* planned_quals,
                std::span<const core::QualSpec>* made) {
    auto* quals = static_cast<core::QualSpec*>(
        palloc0(sizeof(core::QualSpec) * Max(list_length(planned_quals), 1)));
    bool is_possible = true;
    ListCell* cell = nullptr;
    foreach (cell, planned_quals) {
        const PlannedQual planned = read_qual(lfirst(cell));
        const pg::ColumnInfo* column = planned_column(table, planned.attnum);
        core::QualSpec* qual = &quals[foreach_current_index(cell)];
        qual->column = pg::to_utf8(column->name);
        qual->op = planned.op;
        qual->type = column->type;
        qual->is_exact = planned.is_exact;
        if (planned.expr == kBatchExpr ? !take_batch(state_of(node), qual)
                                       : planned.expr >= 0 && !evaluate(node, &planned, qual)) {
            qual->op = QualOp::kIn;
            qual->is_exact = true;
            qual->value_count = 0;
            is_possible = false;
        }
    }
    *made = {quals, static_cast<std::size_t>(list_length(planned_quals))};
    return is_possible;
}

namespace {

/// Makes a grouped request of `request`, whose columns are the keys.
void add_groups(ForeignScanState* node, core::RequestSpec* request) {
    const GroupedAnswer* answer = state_of(node)->answer;
    List* calls = calls_of(plan_of(node));
    for (int index = 0; index < answer->call_count; ++index) {
        (void)make_quals(node, state_of(node)->table, read_call(list_nth(calls, index)).filter,
                         &answer->calls[index].filter);
    }
    request->is_grouped = true;
    request->aggregates = {answer->calls, static_cast<std::size_t>(answer->call_count)};
}

/// A key of kPlanSort. Of groups, what comes behind the keys are the aggregates.
core::SortSpec make_sort_key(ForeignScanState* node, const PlannedSortKey* planned) {
    const ForeignScan* plan = plan_of(node);
    core::SortSpec key = {"", planned->is_descending, planned->is_nulls_first, 0};
    const int key_count = is_grouped(plan) ? list_length(columns_of(plan)) : 0;
    if (is_grouped(plan) && planned->column >= key_count) {
        key.aggregate = static_cast<std::uint32_t>(planned->column - key_count + 1);
        return key;
    }
    const int attnum =
        is_grouped(plan) ? list_nth_int(columns_of(plan), planned->column) : planned->column;
    key.column =
        pg::to_utf8(planned_column(state_of(node)->table, static_cast<AttrNumber>(attnum))->name);
    return key;
}

/// The order, unless it was for the first rows and the limit turns out to be none.
void add_sort(ForeignScanState* node, core::RequestSpec* request) {
    List* sort = sort_of(plan_of(node));
    request->is_top = is_top(plan_of(node)) && request->row_limit > 0;
    if (sort == NIL || request->is_top != is_top(plan_of(node))) {
        return;
    }
    auto* keys = static_cast<core::SortSpec*>(
        palloc0(sizeof(core::SortSpec) * static_cast<Size>(list_length(sort))));
    ListCell* cell = nullptr;
    foreach (cell, sort) {
        const PlannedSortKey planned = read_sort_key(lfirst(cell));
        keys[foreach_current_index(cell)] = make_sort_key(node, &planned);
    }
    request->sort = {keys, static_cast<std::size_t>(list_length(sort))};
}

} // namespace

core::ColumnSpec* make_columns(const pg::TableInfo* table, List* attnums, bool is_grouped) {
    auto* columns = static_cast<core::ColumnSpec*>(
        palloc(sizeof(core::ColumnSpec) * Max(list_length(attnums), 1)));
    ListCell* cell = nullptr;
    foreach (cell, attnums) {
        const auto attnum = static_cast<AttrNumber>(lfirst_int(cell));
        const pg::ColumnInfo* column = planned_column(table, attnum);
        const int target = is_grouped ? foreach_current_index(cell) : attnum - 1;
        columns[foreach_current_index(cell)] = {pg::to_utf8(column->name), column->fetched,
                                                static_cast<std::uint16_t>(target)};
    }
    return columns;
}

bool open_request(ForeignScanState* node) {
    ForeignStream* state = state_of(node);
    const ForeignScan* plan = plan_of(node);
    core::RequestSpec request = {};
    // No rows are still a count of them, and of one table they may be rows of a join.
    const bool is_empty =
        !make_quals(node, state->table, quals_of(plan), &request.quals) && !is_grouped(plan);
    if (state->join != nullptr) {
        request.join = make_join_spec(node, state->join);
    }
    record_request(node, is_empty ? nullptr : request.quals.data(), request.quals.size());
    if (is_empty) {
        return false;
    }
    request.connection = pg::to_utf8(state->table->connection);
    request.table = pg::to_utf8(name_of(state));
    request.columns = {state->columns, static_cast<std::size_t>(state->column_count)};
    request.row_limit = row_limit(node);
    add_sort(node, &request);
    request.is_cache_off = !is_cache_allowed;
    if (is_grouped(plan)) {
        add_groups(node, &request);
    }
    request.row_target = static_cast<std::uint64_t>(row_target_of(plan));
    // Processes of one query are one: none of them may wait for what another reads.
    request.backend_pid =
        MyProc->lockGroupLeader != nullptr ? MyProc->lockGroupLeader->pid : MyProcPid;
    request.user_name = GetUserNameFromId(pg::scan_user(node), true);
    request.user_name = request.user_name == nullptr ? "" : pg::to_utf8(request.user_name);
    if (state->parts != nullptr) {
        request.part = state->part;
        request.part_count = part_count_of(state);
    }
    log_request(state->table, &request, state->join);
    if (!state->session->open(request)) {
        raise_session_error(state);
    }
    return true;
}

} // namespace penstock::fdw
