#pragma once

#include "accumulator.hpp"
#include "group_keys.hpp"
#include "row_filter.hpp"
#include "scan_plan.hpp"
#include "spilled_rows.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace penstock {

/// What groups may take in the memory of the plugin; the rows of further ones go to disk.
inline constexpr std::size_t kMaxGroupBytes = 256U << 20;

/// GROUP BY and aggregates over the rows of a scan.
///
/// Once the groups take `max_bytes`, rows of groups that are not among them are spilled; when those
/// in memory have been sent, the partitions on disk are grouped one after the other, and spill in
/// turn what is still too much. So a group sees all its rows, in their order, and float sums are
/// those of the order of the rows.
///
/// Errors: throws Exception kLimit when the disk is full, or when the groups in memory grow by
///         another `max_bytes` (long texts); kData when a sum overflows.
/// Lifetime: the plan outlives it.
class Groups {
  public:
    explicit Groups(const ScanPlan& plan, std::size_t max_bytes = kMaxGroupBytes);

    /// Columns of the result: keys, then aggregates.
    [[nodiscard]] std::vector<TypeId> result_types() const;

    /// Adds some rows of a block that has `row_count` rows, with the columns of `plan.request`.
    void add(std::span<const ColumnView> columns, std::span<const std::uint32_t> rows,
             std::uint32_t row_count);
    /// Adds rows of a block without columns, which only count(*) is over.
    void add_rows(std::uint64_t row_count);

    /// Appends each group to `result` and calls `on_group`, which may take it out again.
    /// `is_cancelled` is asked for each block that comes back from disk.
    /// Errors: as above, kCancelled, and what `on_group` throws.
    void finish(std::vector<ColumnBuilder>& result, const std::function<void()>& on_group,
                const std::function<bool()>& is_cancelled);

  private:
    struct Call {
        const AggregateCall* call;
        std::unique_ptr<Accumulator> state;
        std::optional<std::size_t> column; ///< its position; nothing: count(*)
        RowFilter filter;
    };
    /// A part of what was spilled that waits for its turn.
    struct Waiting {
        std::shared_ptr<const SpilledRows> rows;
        std::size_t partition;
    };
    void add_call(const AggregateCall& call);
    void add_to(Call& call, std::span<const ColumnView> columns,
                std::span<const std::uint32_t> rows, std::uint32_t row_count);
    /// Spills the rows of unknown groups, and leaves the others in kept_.
    void spill_misses(std::span<const ColumnView> columns, std::span<const std::uint32_t> rows);
    void check_memory();
    void send(std::vector<ColumnBuilder>& result, const std::function<void()>& on_group);
    /// Puts what was spilled at the end of `waiting`, and forgets all groups.
    void restart(std::vector<Waiting>& waiting);
    void add_partition(const Waiting& part, const std::function<bool()>& is_cancelled);

    const ScanPlan& plan_;
    const std::size_t max_bytes_;
    const bool has_keys_;
    GroupKeys keys_;
    std::vector<Call> calls_;
    std::optional<std::size_t> bytes_when_closed_; ///< nothing: further groups fit
    unsigned level_ = 0;
    std::shared_ptr<SpilledRows> spilled_;

    std::vector<std::uint8_t> mask_;
    std::vector<std::uint32_t> groups_;      ///< of the rows in hand
    std::vector<std::uint32_t> kept_;        ///< rows whose groups are in memory
    std::vector<std::uint32_t> call_rows_;   ///< those that a FILTER leaves
    std::vector<std::uint32_t> call_groups_; ///< theirs
};

} // namespace penstock
