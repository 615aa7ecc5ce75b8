#pragma once

#include "groups.hpp"
#include "row_filter.hpp"
#include "scan_plan.hpp"
#include "top_rows.hpp"

#include "penstock/plugin/row_sink.hpp"

#include <atomic>
#include <optional>
#include <vector>

namespace penstock {

/// What the first rows of an order may take. Beyond it they are not worth to be picked here: all
/// rows are sent, and the server, which sorts anyway, can spill to disk.
inline constexpr std::size_t kMaxTopBytes = 64U << 20;

/// The SDK's part of a scan, between the table's blocks and the reader: drops rows, cuts at the
/// limit, keeps the first rows of an order, or counts and adds up instead of sending.
///
/// Errors of write_frame() and finish(): throws Exception as Groups does, and what the output
/// throws. Lifetime: plan and output outlive it. Threads: one at a time; is_cancelled() any.
class Evaluation final : public BlockOutput {
  public:
    Evaluation(const ScanPlan& plan, BlockOutput& output,
               std::size_t max_group_bytes = kMaxGroupBytes);

    /// One block frame with the columns of `plan.request`.
    void write_frame(std::span<const std::byte> frame) override;
    /// Also true when the limit is reached, which stops the table.
    [[nodiscard]] bool is_cancelled() const noexcept override {
        return is_complete_ || output_.is_cancelled();
    }
    void before_waiting(const std::function<void()>& callback) override {
        output_.before_waiting(callback);
    }
    /// Sends the groups, or the first rows. To be called when the table has sent all its rows.
    void finish();

    /// The limit is reached: everything that is wanted has gone out.
    [[nodiscard]] bool is_complete() const noexcept { return is_complete_; }
    /// Rows that have gone out.
    [[nodiscard]] std::uint64_t row_count() const noexcept { return row_count_; }

  private:
    /// Fills rows_ with the rows that satisfy `filter`.
    void select(const RowFilter& filter, std::uint32_t row_count);
    void send_selected(std::span<const std::byte> frame, std::uint32_t row_count);
    void send_count(std::uint32_t row_count);
    void keep_selected();
    void keep_built();
    void give_up_top_if_large();
    /// Sends what was kept, and keeps no more.
    void send_top();
    void send_groups();
    void send_built_if_large();
    void send_built();
    void send(std::span<const std::byte> frame, std::uint32_t row_count);
    /// How many of `row_count` rows the limit leaves.
    [[nodiscard]] std::uint32_t within_limit(std::size_t row_count) const noexcept;

    const ScanPlan& plan_;
    BlockOutput& output_;
    const bool is_plain_;
    std::vector<TypeId> types_;
    std::vector<ColumnView> views_;
    RowFilter filter_;
    std::optional<Groups> groups_; ///< nothing: rows are not grouped
    std::optional<TopRows> top_;   ///< nothing: rows go out as they come

    std::vector<std::uint8_t> mask_;
    std::vector<std::uint32_t> rows_; ///< selected ones of the block in hand
    std::vector<ColumnBuilder> built_;
    std::vector<std::byte> frame_;
    std::atomic<bool> is_complete_ = false;
    std::uint64_t row_count_ = 0;
};

} // namespace penstock
