#pragma once

#include "child_plan.hpp"

#include "penstock/plugin/row_sink.hpp"

#include <string>
#include <vector>

namespace penstock {

/// Makes the aggregator's blocks of one child's: its columns as they are, and beside them what the
/// child does not have.
/// Lifetime: plan, request and output outlive it. Threads: one.
class ChildOutput final : public BlockOutput {
  public:
    /// `columns` are those of the aggregator's request.
    ChildOutput(const ChildPlan& plan, const std::vector<RequestedColumn>& columns,
                const std::string& plugin, BlockOutput& output);

    void write_frame(std::span<const std::byte> frame) override;
    [[nodiscard]] bool is_cancelled() const noexcept override { return output_.is_cancelled(); }
    void before_waiting(const std::function<void()>& callback) override {
        output_.before_waiting(callback);
    }

  private:
    void write_rows(std::uint32_t row_count);
    [[nodiscard]] ColumnView view_of(std::size_t position, std::uint32_t row_count);
    [[nodiscard]] ColumnView converted(std::size_t position, std::uint32_t row_count);

    const ChildPlan& plan_;
    const std::vector<RequestedColumn>& wanted_;
    BlockOutput& output_;
    std::vector<TypeId> child_types_;
    std::vector<ColumnView> child_views_;
    std::vector<ColumnView> views_;
    std::vector<ColumnBuilder> builders_; ///< one for each wanted column; used by kConverted
    DataArea connection_;                 ///< the one value of kConnectionColumn
    DataArea context_;                    ///< and of kContextColumn
    std::vector<std::byte> zeros_;        ///< offsets of the one value, or the values of NULLs
    std::vector<std::uint8_t> no_values_; ///< NULL bits of a column without values
    std::vector<std::byte> frame_;
};

} // namespace penstock
