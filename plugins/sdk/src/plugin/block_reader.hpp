#pragma once

#include "penstock/plugin/row_sink.hpp"

#include <functional>
#include <string>
#include <vector>

namespace penstock {

/// The value in `row` of a column of an opened block, checked as the server would.
/// Errors: throws Exception kProtocol, with `name` as the column's name.
[[nodiscard]] Value read_value(const ColumnView& column, std::uint32_t row,
                               const std::string& name);

/// The other end of a scan without a socket: opens each block, checks each value as the server
/// would, and hands the rows out as Values.
class BlockReader final : public BlockOutput {
  public:
    using OnRow = std::function<void(std::vector<Value> row)>;

    /// `columns` are those of the request. `on_row` may throw to end the scan.
    BlockReader(std::vector<RequestedColumn> columns, OnRow on_row);

    /// Errors: throws Exception kProtocol for a block that the server would refuse.
    void write_frame(std::span<const std::byte> frame) override;
    [[nodiscard]] bool is_cancelled() const noexcept override { return false; }

    /// Rows over all blocks, those of blocks without columns included.
    [[nodiscard]] std::uint64_t row_count() const noexcept { return row_count_; }

  private:
    std::vector<RequestedColumn> columns_;
    std::vector<TypeId> types_;
    std::vector<ColumnView> views_;
    OnRow on_row_;
    std::uint64_t row_count_ = 0;
};

} // namespace penstock
