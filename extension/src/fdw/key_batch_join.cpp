#include "fdw/foreign_stream.hpp"
#include "fdw/key_batch.hpp"

/// Execution of the key batch join: load outer rows, ask for their keys, probe with what comes
/// back, and give out those without a partner. All plain C: its state is in the query's context.
namespace penstock::fdw {
namespace {

/// An outer row of the batch in hand.
struct OuterRow {
    MinimalTuple tuple;
    uint32 hash; ///< of its key
    int key;     ///< position in `keys`; -1 = it is NULL and joins with nothing
    int next;    ///< OuterRow of the same bucket; -1 = last
    bool is_matched;
};

enum class Phase : std::uint8_t {
    kLoad,  ///< the next batch has to be read
    kProbe, ///< inner rows are coming
    kFlush, ///< outer rows without a partner are given out
    kDone,
};

struct KeyBatchState {
    CustomScanState css; ///< first: the server sees this
    JoinType type;
    int size;        ///< keys of a request at most
    int first;       ///< keys of the first request
    int outer_width; ///< columns of the scan slot that come from the outer side
    Oid key_type;
    Oid collation;
    FmgrInfo outer_hash;
    FmgrInfo inner_hash;
    TypeCacheEntry* key_info;
    ExprState* outer_key;
    ExprState* inner_key;
    ExprState* clauses;
    TupleTableSlot* stored; ///< shows an OuterRow's columns
    MemoryContext batch;    ///< everything below; reset by each batch

    Phase phase;
    bool is_outer_done;
    int limit; ///< keys of the next request
    OuterRow* rows;
    int row_count;
    int row_room;
    Size row_bytes;
    int* buckets; ///< first OuterRow of each; -1 = none
    uint32 bucket_mask;
    Datum* keys; ///< different ones
    int key_count;
    int at;      ///< OuterRow to look at next; -1 = none
    uint32 hash; ///< of the inner row in hand

    int64 batch_total;
    int64 key_total;
};

KeyBatchState* batch_of(CustomScanState* node) {
    return reinterpret_cast<KeyBatchState*>(node);
}

PlanState* outer_of(const KeyBatchState* state) {
    return static_cast<PlanState*>(linitial(state->css.custom_ps));
}

ForeignScanState* inner_of(const KeyBatchState* state) {
    return castNode(ForeignScanState, lsecond(state->css.custom_ps));
}

/// Shows `from` in the columns of the scan slot from `offset` on; null = NULLs to the end.
void show(KeyBatchState* state, TupleTableSlot* from, int offset) {
    TupleTableSlot* slot = state->css.ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    if (from == nullptr) {
        const int width = slot->tts_tupleDescriptor->natts - offset;
        memset(slot->tts_isnull + offset, true, sizeof(bool) * width);
        memset(slot->tts_values + offset, 0, sizeof(Datum) * width);
    } else {
        slot_getallattrs(from);
        const int width = from->tts_tupleDescriptor->natts;
        memcpy(slot->tts_isnull + offset, from->tts_isnull, sizeof(bool) * width);
        memcpy(slot->tts_values + offset, from->tts_values, sizeof(Datum) * width);
    }
    ExecStoreVirtualTuple(slot);
}

void show_outer(KeyBatchState* state, const OuterRow* row) {
    ExecStoreMinimalTuple(row->tuple, state->stored, false);
    show(state, state->stored, 0);
}

/// Evaluates a key over the scan slot, in the context of a row.
Datum evaluate_key(KeyBatchState* state, ExprState* key, bool* is_null) {
    ExprContext* context = state->css.ss.ps.ps_ExprContext;
    ResetExprContext(context);
    context->ecxt_scantuple = state->css.ss.ss_ScanTupleSlot;
    return ExecEvalExprSwitchContext(key, context, is_null);
}

uint32 hash_key(const KeyBatchState* state, FmgrInfo* function, Datum key) {
    return DatumGetUInt32(FunctionCall1Coll(function, state->collation, key));
}

/// Position of this key among those of the batch; -1 = it is new.
int find_key(KeyBatchState* state, Datum key, uint32 hash) {
    for (int index = state->buckets[hash & state->bucket_mask]; index >= 0;
         index = state->rows[index].next) {
        const OuterRow* row = &state->rows[index];
        if (row->hash == hash &&
            DatumGetBool(FunctionCall2Coll(&state->key_info->eq_opr_finfo, state->collation, key,
                                           state->keys[row->key]))) {
            return row->key;
        }
    }
    return -1;
}

/// Gives the row its key and its place in the table.
void add_key(KeyBatchState* state, int row_index, Datum key) {
    OuterRow* row = &state->rows[row_index];
    row->hash = hash_key(state, &state->outer_hash, key);
    row->key = find_key(state, key, row->hash);
    if (row->key < 0) {
        row->key = state->key_count++;
        state->keys[row->key] = datumCopy(key, state->key_info->typbyval, state->key_info->typlen);
    }
    int* bucket = &state->buckets[row->hash & state->bucket_mask];
    row->next = *bucket;
    *bucket = row_index;
}

/// Keeps the outer row in `slot`, which the scan slot shows too.
void add_row(KeyBatchState* state, TupleTableSlot* slot) {
    bool is_null = false;
    const Datum key = evaluate_key(state, state->outer_key, &is_null);
    if (is_null && (state->type == JOIN_INNER || state->type == JOIN_SEMI)) {
        return;
    }
    MemoryContext previous = MemoryContextSwitchTo(state->batch);
    if (state->row_count == state->row_room) {
        state->row_room *= 2;
        state->rows =
            static_cast<OuterRow*>(repalloc_huge(state->rows, sizeof(OuterRow) * state->row_room));
    }
    OuterRow* row = &state->rows[state->row_count];
    *row = {ExecCopySlotMinimalTuple(slot), 0, -1, -1, false};
    state->row_bytes += row->tuple->t_len;
    if (!is_null) {
        add_key(state, state->row_count, key);
    }
    ++state->row_count;
    MemoryContextSwitchTo(previous);
}

/// Empties the batch, with room for the keys of the next request.
void reset_batch(KeyBatchState* state) {
    ExecClearTuple(state->stored);
    MemoryContextReset(state->batch);
    state->row_count = 0;
    state->row_room = state->limit;
    state->row_bytes = 0;
    state->key_count = 0;
    state->at = -1;
    uint32 bucket_count = 16;
    while (bucket_count < static_cast<uint32>(state->limit)) {
        bucket_count *= 2;
    }
    state->bucket_mask = bucket_count - 1;
    MemoryContext previous = MemoryContextSwitchTo(state->batch);
    state->rows = static_cast<OuterRow*>(palloc(sizeof(OuterRow) * state->row_room));
    state->keys = static_cast<Datum*>(palloc(sizeof(Datum) * state->limit));
    state->buckets = static_cast<int*>(palloc(sizeof(int) * bucket_count));
    memset(state->buckets, 0xFF, sizeof(int) * bucket_count); // -1
    MemoryContextSwitchTo(previous);
}

/// Asks for the keys of the batch.
void ask(KeyBatchState* state) {
    MemoryContext previous = MemoryContextSwitchTo(state->batch);
    ArrayType* array =
        construct_array(state->keys, state->key_count, state->key_type, state->key_info->typlen,
                        state->key_info->typbyval, state->key_info->typalign);
    MemoryContextSwitchTo(previous);
    set_batch(inner_of(state), PointerGetDatum(array), state->key_type);
    ExecReScan(&inner_of(state)->ss.ps);
    ++state->batch_total;
    state->key_total += state->key_count;
    state->limit = Min(state->limit * 2, state->size);
}

/// Reads outer rows until the request is full, they take work_mem, or there are no more.
Phase load(KeyBatchState* state) {
    reset_batch(state);
    while (!state->is_outer_done && state->key_count < state->limit &&
           state->row_bytes < static_cast<Size>(work_mem) * 1024) {
        TupleTableSlot* slot = ExecProcNode(outer_of(state));
        if (TupIsNull(slot)) {
            state->is_outer_done = true;
            break;
        }
        show(state, slot, 0);
        add_row(state, slot);
    }
    if (state->key_count > 0) {
        ask(state);
        return Phase::kProbe;
    }
    if (state->row_count > 0) {
        state->at = 0;
        return Phase::kFlush;
    }
    return state->is_outer_done ? Phase::kDone : Phase::kLoad;
}

/// Finds the next pair. False: there are no more inner rows.
bool probe(KeyBatchState* state) {
    ExprContext* context = state->css.ss.ps.ps_ExprContext;
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        while (state->at >= 0) {
            OuterRow* row = &state->rows[state->at];
            state->at = row->next;
            const bool is_settled =
                row->is_matched && (state->type == JOIN_SEMI || state->type == JOIN_ANTI);
            if (row->hash != state->hash || is_settled) {
                continue;
            }
            show_outer(state, row);
            ResetExprContext(context);
            context->ecxt_scantuple = state->css.ss.ss_ScanTupleSlot;
            if (!ExecQual(state->clauses, context)) {
                continue;
            }
            row->is_matched = true;
            if (state->type != JOIN_ANTI) {
                return true;
            }
        }
        TupleTableSlot* slot = ExecProcNode(&inner_of(state)->ss.ps);
        if (TupIsNull(slot)) {
            return false;
        }
        show(state, slot, state->outer_width);
        bool is_null = false;
        const Datum key = evaluate_key(state, state->inner_key, &is_null);
        if (!is_null) {
            state->hash = hash_key(state, &state->inner_hash, key);
            state->at = state->buckets[state->hash & state->bucket_mask];
        }
    }
}

/// Finds the next outer row without a partner. False: there are no more.
bool flush(KeyBatchState* state) {
    while (state->at < state->row_count) {
        const OuterRow* row = &state->rows[state->at++];
        if (!row->is_matched) {
            show_outer(state, row);
            show(state, nullptr, state->outer_width);
            return true;
        }
    }
    return false;
}

/// Puts the next row of the join, before other conditions, into the scan slot.
bool next_row(KeyBatchState* state) {
    for (;;) {
        switch (state->phase) {
        case Phase::kLoad:
            state->phase = load(state);
            break;
        case Phase::kProbe:
            if (probe(state)) {
                return true;
            }
            state->at = 0;
            state->phase =
                state->type == JOIN_LEFT || state->type == JOIN_ANTI ? Phase::kFlush : Phase::kLoad;
            break;
        case Phase::kFlush:
            if (flush(state)) {
                return true;
            }
            state->phase = Phase::kLoad;
            break;
        case Phase::kDone:
            return false;
        }
    }
}

void start_over(KeyBatchState* state) {
    state->phase = Phase::kLoad;
    state->is_outer_done = false;
    state->limit = state->first;
}

void begin(CustomScanState* node, EState* estate, int eflags) noexcept {
    KeyBatchState* state = batch_of(node);
    const auto* plan = castNode(CustomScan, node->ss.ps.plan);
    ListCell* cell = nullptr;
    foreach (cell, plan->custom_plans) {
        node->custom_ps = lappend(node->custom_ps,
                                  ExecInitNode(static_cast<Plan*>(lfirst(cell)), estate, eflags));
    }
    auto* numbers = static_cast<List*>(list_nth(plan->custom_private, kBatchNumbers));
    auto* oids = static_cast<List*>(list_nth(plan->custom_private, kBatchOids));
    state->type = static_cast<JoinType>(list_nth_int(numbers, kBatchJoinType));
    state->size = list_nth_int(numbers, kBatchSize);
    state->first = list_nth_int(numbers, kBatchFirst);
    state->outer_width = list_nth_int(numbers, kBatchOuterWidth);
    state->key_type = list_nth_oid(oids, kBatchKeyType);
    state->collation = list_nth_oid(oids, kBatchCollation);
    state->key_info = lookup_type_cache(state->key_type, TYPECACHE_EQ_OPR_FINFO);
    fmgr_info(list_nth_oid(oids, kBatchOuterHash), &state->outer_hash);
    fmgr_info(list_nth_oid(oids, kBatchInnerHash), &state->inner_hash);
    PlanState* parent = &node->ss.ps;
    state->outer_key =
        ExecInitExpr(static_cast<Expr*>(list_nth(plan->custom_exprs, kBatchOuterKey)), parent);
    state->inner_key =
        ExecInitExpr(static_cast<Expr*>(list_nth(plan->custom_exprs, kBatchInnerKey)), parent);
    state->clauses = ExecInitQual(list_copy_tail(plan->custom_exprs, kBatchFirstClause), parent);
    state->stored =
        ExecInitExtraTupleSlot(estate, ExecGetResultType(outer_of(state)), &TTSOpsMinimalTuple);
    state->batch =
        AllocSetContextCreate(estate->es_query_cxt, "Penstock key batch", ALLOCSET_DEFAULT_SIZES);
    show(state, nullptr, 0);
    start_over(state);
}

TupleTableSlot* execute(CustomScanState* node) noexcept {
    KeyBatchState* state = batch_of(node);
    ExprContext* context = node->ss.ps.ps_ExprContext;
    ProjectionInfo* projection = node->ss.ps.ps_ProjInfo;
    while (next_row(state)) {
        ResetExprContext(context);
        context->ecxt_scantuple = node->ss.ss_ScanTupleSlot;
        if (ExecQual(node->ss.ps.qual, context)) {
            return projection != nullptr ? ExecProject(projection) : node->ss.ss_ScanTupleSlot;
        }
        InstrCountFiltered1(node, 1);
    }
    return ExecClearTuple(projection != nullptr ? node->ss.ps.ps_ResultTupleSlot
                                                : node->ss.ss_ScanTupleSlot);
}

void end(CustomScanState* node) noexcept {
    ListCell* cell = nullptr;
    foreach (cell, node->custom_ps) {
        ExecEndNode(static_cast<PlanState*>(lfirst(cell)));
    }
}

void rescan(CustomScanState* node) noexcept {
    KeyBatchState* state = batch_of(node);
    ListCell* cell = nullptr;
    foreach (cell, node->custom_ps) {
        if (node->ss.ps.chgParam != nullptr) {
            UpdateChangedParamSet(static_cast<PlanState*>(lfirst(cell)), node->ss.ps.chgParam);
        }
    }
    if (outer_of(state)->chgParam == nullptr) {
        ExecReScan(outer_of(state));
    }
    start_over(state); // each batch rescans the inner side
}

void explain(CustomScanState* node, List* ancestors, ExplainState* output) noexcept {
    static constexpr const char* kTypes[] = {"Inner", "Left", nullptr, nullptr, "Semi", "Anti"};
    static_assert(JOIN_LEFT == 1 && JOIN_SEMI == 4 && JOIN_ANTI == 5);
    const KeyBatchState* state = batch_of(node);
    const auto* plan = castNode(CustomScan, node->ss.ps.plan);
    List* context = set_deparse_context_plan(output->deparse_cxt, node->ss.ps.plan, ancestors);
    auto* clauses = list_copy_tail(plan->custom_exprs, kBatchFirstClause);
    char* text = deparse_expression(reinterpret_cast<Node*>(make_ands_explicit(clauses)), context,
                                    true, false);
    ExplainPropertyText("Join Type", kTypes[state->type], output);
    ExplainPropertyText("Join Cond", text, output);
    ExplainPropertyInteger("Batch Size", nullptr, state->size, output);
    if (output->analyze) {
        ExplainPropertyInteger("Batches", nullptr, state->batch_total, output);
        ExplainPropertyInteger("Keys", nullptr, state->key_total, output);
    }
}

const CustomExecMethods kExecMethods = {
    .CustomName = "PenstockKeyBatchJoin",
    .BeginCustomScan = begin,
    .ExecCustomScan = execute,
    .EndCustomScan = end,
    .ReScanCustomScan = rescan,
    .MarkPosCustomScan = nullptr,
    .RestrPosCustomScan = nullptr,
    .EstimateDSMCustomScan = nullptr,
    .InitializeDSMCustomScan = nullptr,
    .ReInitializeDSMCustomScan = nullptr,
    .InitializeWorkerCustomScan = nullptr,
    .ShutdownCustomScan = nullptr,
    .ExplainCustomScan = explain,
};

} // namespace

Node* create_key_batch_state(CustomScan*) {
    auto* state =
        reinterpret_cast<KeyBatchState*>(newNode(sizeof(KeyBatchState), T_CustomScanState));
    state->css.methods = &kExecMethods;
    return reinterpret_cast<Node*>(state);
}

} // namespace penstock::fdw
