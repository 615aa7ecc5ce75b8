#pragma once

#include "penstock/protocol/block_builder.hpp"
#include "penstock/types/request.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace penstock {

/// Where the bytes of a scan go: a socket in production, memory in tests.
class BlockOutput {
  public:
    virtual ~BlockOutput() = default;
    /// Sends one frame; waits while the reader is busy (that is the back pressure).
    /// Errors: throws Exception kCancelled when the reader has gone.
    virtual void write_frame(std::span<const std::byte> frame) = 0;
    /// True when the reader no longer wants rows. Cheap: one atomic load.
    [[nodiscard]] virtual bool is_cancelled() const noexcept = 0;
    /// Calls `callback` each time before it waits for the reader; empty: none. An output that never
    /// waits never calls it.
    virtual void before_waiting(const std::function<void()>& /*callback*/) {}
};

/// Takes the rows of one scan. Two ways to fill it:
///
/// - `add_row(values)`: all columns of the table's schema, in its order; the sink picks those that
///   were asked for and checks their types. For tables whose source is slower than memory.
/// - `column(i)` for each requested column, then `end_row()`: no copies, no checks; the plugin
///   appends exactly one value or NULL to each column. For a hundred million rows.
///
/// With no columns requested, `add_count(n)` says how many rows there are.
/// Blocks are sent when they are full, when the row target is reached, and when the oldest row in
/// them is older than 100 ms, so slow sources show their rows early.
class RowSink {
  public:
    /// Errors: throws Exception kNoColumn or kType when request and schema do not fit.
    RowSink(const ScanRequest& request, const TableSchema& schema, BlockOutput& output);
    RowSink(const RowSink&) = delete;
    RowSink& operator=(const RowSink&) = delete;
    ~RowSink() = default;

    /// How many columns were asked for.
    [[nodiscard]] std::size_t column_count() const noexcept { return columns_.size(); }
    /// The i-th requested column.
    [[nodiscard]] ColumnBuilder& column(std::size_t index) noexcept { return columns_[index]; }
    /// Position in the schema of the i-th requested column.
    [[nodiscard]] std::size_t schema_index(std::size_t index) const noexcept {
        return schema_indexes_[index];
    }
    /// Was the column at this position of the schema asked for? Skip what is dear to compute.
    [[nodiscard]] bool wants(std::size_t schema_index) const noexcept {
        return wanted_[schema_index];
    }

    /// Errors: kType naming the column, 22003 for an integer out of its column's range; kCancelled.
    void add_row(std::span<const Value> values);

    void end_row() {
        ++pending_rows_;
        if (pending_rows_ >= next_check_rows_) {
            check_block();
        }
    }
    void add_count(std::uint64_t rows);

    /// Throws Exception kCancelled when the query has gone. Call it in long work without rows: it
    /// also sends rows that have waited for 100 ms.
    void check_cancelled();

    /// Raised as a WARNING when the scan ends. At most 100 are kept.
    void add_warning(std::string text);
    /// Bytes read from the source, for EXPLAIN ANALYZE.
    void add_source_bytes(std::uint64_t bytes) noexcept { source_bytes_ += bytes; }

    /// Sends what is left. The SDK calls it after scan() returned.
    void finish();

    [[nodiscard]] std::uint64_t row_count() const noexcept { return sent_rows_ + pending_rows_; }
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }
    [[nodiscard]] std::uint64_t source_bytes() const noexcept { return source_bytes_; }

  private:
    void add_requested(const RequestedColumn& requested);
    void check_block();
    void flush();
    [[nodiscard]] std::size_t pending_bytes() const noexcept;
    [[nodiscard]] bool is_block_due(std::chrono::steady_clock::time_point now) const noexcept;

    BlockOutput& output_;
    const TableSchema& schema_;
    std::vector<ColumnBuilder> columns_;
    std::vector<std::size_t> schema_indexes_;
    std::vector<bool> wanted_;
    std::uint64_t row_target_;
    std::uint64_t sent_rows_ = 0;
    std::uint32_t pending_rows_ = 0;
    std::uint32_t next_check_rows_ = 1; ///< look at size and clock at this many pending rows
    std::uint32_t check_interval_ = 1;  ///< rows between two looks; small for a slow source
    std::chrono::steady_clock::time_point last_check_;
    std::chrono::steady_clock::time_point block_started_; ///< when its first row was seen
    std::vector<std::byte> frame_;
    std::vector<std::string> warnings_;
    std::uint64_t source_bytes_ = 0;
};

/// Appends `value` to `column`, converting to the column's type.
/// Errors: throws Exception kType / 22003 / 22P02, with `name` as the column's name.
void append_value(ColumnBuilder& column, const Value& value, const std::string& name);

} // namespace penstock
