#include "fdw/rel_state.hpp"

#include "fdw/plan_data.hpp"
#include "pg/boundary.hpp"

namespace penstock::fdw {

const pg::TableInfo* read_rel_table(RelOptInfo* rel, Oid relation) {
    if (rel->fdw_private == nullptr) {
        auto* state = static_cast<RelState*>(palloc0(sizeof(RelState)));
        state->table = pg::read_table(relation);
        rel->fdw_private = state;
    }
    return state_of(rel)->table;
}

bool is_evaluated_scan(PlannerInfo* root, const RelOptInfo* rel) {
    return IS_SIMPLE_REL(rel) && rel->rtekind == RTE_RELATION &&
           !planner_rt_fetch(rel->relid, root)->inh && bms_is_empty(rel->lateral_relids) &&
           rel->fdw_private != nullptr &&
           static_cast<RelState*>(rel->fdw_private)->table->evaluator > 0;
}

bool match_clause(PlannerInfo* root, RelOptInfo* rel, RestrictInfo* clause,
                  pg::PushableQual* qual) {
    return restriction_is_securely_promotable(clause, rel) &&
           pg::match_qual(root, rel->relid, state_of(rel)->table, clause->clause, qual);
}

namespace {

void raise_missing_key(const pg::TableInfo* table, const char* needed) {
    auto* error = pg::make_owned<Error>(CurrentMemoryContext);
    const char* first = strchr(needed, '"') + 1;
    const char* column =
        quote_identifier(pnstrdup(first, static_cast<Size>(strchr(first, '"') - first)));
    const char* schema = quote_identifier(table->connection);
    const char* name = quote_identifier(table->table);
    if (pg::guarded(*error, [&] {
            throw Exception(
                ErrorKind::kKeyMissing,
                std::string("table \"") + table->table + "\" needs a condition on " + needed,
                "The plugin cannot list all rows: it looks up those that are asked for.",
                std::string("Add a condition with = or IN, for example: SELECT … FROM ") + schema +
                    "." + name + " WHERE " + column + " = '…'.");
        })) {
        return;
    }
    pg::raise(*error);
}

} // namespace

Bitmapset* planned_keys(const ForeignScan* plan) {
    Bitmapset* keyed = nullptr;
    ListCell* cell = nullptr;
    foreach (cell, quals_of(plan)) {
        const PlannedQual planned = read_qual(lfirst(cell));
        if (planned.op == QualOp::kEq || planned.op == QualOp::kIn) {
            keyed = bms_add_member(keyed, planned.attnum - 1);
        }
    }
    return keyed;
}

void check_keys(const pg::TableInfo* table, const Bitmapset* keyed) {
    StringInfoData needed;
    initStringInfo(&needed);
    if (pg::misses_key(table, keyed, &needed)) {
        raise_missing_key(table, needed.data);
    }
}

bool lacks_keys(const pg::TableInfo* table, const Bitmapset* keyed) {
    StringInfoData needed;
    initStringInfo(&needed);
    return pg::misses_key(table, keyed, &needed);
}

} // namespace penstock::fdw
