#include "groups.hpp"

#include "penstock/types/evaluator.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

namespace penstock {

namespace {

std::vector<TypeId> types_of(std::span<const RequestedColumn> columns) {
    std::vector<TypeId> types(columns.size());
    std::transform(columns.begin(), columns.end(), types.begin(),
                   [](const RequestedColumn& column) { return column.type; });
    return types;
}

std::vector<TypeId> key_types(const ScanPlan& plan) {
    return types_of(std::span(plan.request.columns).first(plan.wanted_columns));
}

GroupKeys keys_of(const ScanPlan& plan) {
    std::vector<std::size_t> positions(plan.wanted_columns);
    std::iota(positions.begin(), positions.end(), 0U);
    return {std::move(positions), key_types(plan)};
}

} // namespace

Groups::Groups(const ScanPlan& plan, std::size_t max_bytes)
    : plan_(plan), max_bytes_(max_bytes), has_keys_(plan.wanted_columns > 0), keys_(keys_of(plan)) {
    for (const AggregateCall& call : plan.aggregates) {
        add_call(call);
    }
}

void Groups::add_call(const AggregateCall& call) {
    Call made{&call, make_accumulator(call), std::nullopt, {}};
    if (!call.column.empty()) {
        made.column = plan_.position_of(call.column);
    }
    for (const Qual& qual : call.filter) {
        if (!can_evaluate(qual.type, qual.op) && !qual.values.empty()) {
            throw Exception(ErrorKind::kProtocol, "condition on column \"" + qual.column +
                                                      "\" cannot filter an aggregate");
        }
        made.filter.add(qual, plan_.position_of(qual.column));
    }
    made.state->resize(keys_.group_count());
    calls_.push_back(std::move(made));
}

std::vector<TypeId> Groups::result_types() const {
    std::vector<TypeId> types = key_types(plan_);
    for (const Call& call : calls_) {
        types.push_back(*aggregate_result(call.call->function, call.call->type));
    }
    return types;
}

void Groups::add(std::span<const ColumnView> columns, std::span<const std::uint32_t> rows,
                 std::uint32_t row_count) {
    if (has_keys_) {
        groups_.resize(rows.size());
        keys_.assign(columns, rows, groups_);
        if (!keys_.misses().empty()) {
            spill_misses(columns, rows);
            rows = kept_;
        }
    }
    if (rows.empty()) { // no groups would mean one group
        return;
    }
    for (Call& call : calls_) {
        call.state->resize(keys_.group_count());
        add_to(call, columns, rows, row_count);
    }
    check_memory();
}

void Groups::add_rows(std::uint64_t row_count) {
    for (const Call& call : calls_) {
        call.state->add_rows(row_count);
    }
}

void Groups::add_to(Call& call, std::span<const ColumnView> columns,
                    std::span<const std::uint32_t> rows, std::uint32_t row_count) {
    const ColumnView* column = call.column ? &columns[*call.column] : nullptr;
    if (call.filter.is_empty()) {
        call.state->add(column, {rows, groups_});
        return;
    }
    mask_.assign(row_count, 1);
    call.filter.apply(columns, mask_);
    call_rows_.clear();
    call_groups_.clear();
    for (std::size_t at = 0; at < rows.size(); ++at) {
        if (mask_[rows[at]] != 0) {
            call_rows_.push_back(rows[at]);
            if (!groups_.empty()) {
                call_groups_.push_back(groups_[at]);
            }
        }
    }
    // No groups mean one group to the state, so no rows must not reach it with none.
    if (!call_rows_.empty()) {
        call.state->add(column, {call_rows_, call_groups_});
    }
}

void Groups::spill_misses(std::span<const ColumnView> columns,
                          std::span<const std::uint32_t> rows) {
    if (spilled_ == nullptr) {
        spilled_ = std::make_shared<SpilledRows>(types_of(plan_.request.columns), level_);
    }
    for (const GroupKeys::Miss& miss : keys_.misses()) {
        spilled_->add(columns, miss.row, miss.hash);
    }
    kept_.clear();
    std::size_t count = 0;
    for (std::size_t at = 0; at < rows.size(); ++at) {
        if (groups_[at] != GroupKeys::kNoGroup) {
            kept_.push_back(rows[at]);
            groups_[count++] = groups_[at];
        }
    }
    groups_.resize(count);
}

void Groups::check_memory() {
    std::size_t bytes = keys_.bytes();
    for (const Call& call : calls_) {
        bytes += call.state->bytes();
    }
    if (!bytes_when_closed_ && bytes > max_bytes_) {
        keys_.close();
        bytes_when_closed_ = bytes;
    }
    if (bytes_when_closed_ && bytes > *bytes_when_closed_ + max_bytes_) {
        throw Exception(ErrorKind::kLimit, "groups are too large",
                        "Their keys and aggregates take " + std::to_string(bytes >> 20U) +
                            " MB in the plugin.",
                        "The server may have room: set penstock.aggregate_pushdown = off.");
    }
}

void Groups::finish(std::vector<ColumnBuilder>& result, const std::function<void()>& on_group,
                    const std::function<bool()>& is_cancelled) {
    std::vector<Waiting> waiting;
    send(result, on_group);
    restart(waiting);
    while (!waiting.empty()) {
        const Waiting part = std::move(waiting.back());
        waiting.pop_back();
        add_partition(part, is_cancelled);
        send(result, on_group);
        restart(waiting);
    }
}

void Groups::send(std::vector<ColumnBuilder>& result, const std::function<void()>& on_group) {
    const std::span<const ColumnBuilder> keys = keys_.keys();
    for (std::uint32_t group = 0; group < keys_.group_count(); ++group) {
        for (std::size_t index = 0; index < keys.size(); ++index) {
            copy_value(view_of(keys[index]), group, result[index]);
        }
        for (std::size_t index = 0; index < calls_.size(); ++index) {
            calls_[index].state->append_result(group, result[keys.size() + index]);
        }
        on_group();
    }
}

void Groups::restart(std::vector<Waiting>& waiting) {
    if (spilled_ != nullptr) {
        spilled_->finish();
        for (std::size_t partition = 0; partition < SpilledRows::kPartitions; ++partition) {
            if (!spilled_->is_empty(partition)) {
                waiting.push_back({spilled_, partition});
            }
        }
        spilled_ = nullptr;
    }
    keys_ = keys_of(plan_);
    bytes_when_closed_.reset();
    for (Call& call : calls_) {
        call.state = make_accumulator(*call.call);
        call.state->resize(keys_.group_count());
    }
}

void Groups::add_partition(const Waiting& part, const std::function<bool()>& is_cancelled) {
    level_ = part.rows->level() + 1;
    std::vector<std::uint32_t> rows;
    part.rows->replay(part.partition,
                      [&](std::span<const ColumnView> columns, std::uint32_t row_count) {
                          if (is_cancelled()) {
                              throw Exception(ErrorKind::kCancelled, "query was cancelled");
                          }
                          rows.resize(row_count);
                          std::iota(rows.begin(), rows.end(), 0U);
                          add(columns, rows, row_count);
                      });
}

} // namespace penstock
