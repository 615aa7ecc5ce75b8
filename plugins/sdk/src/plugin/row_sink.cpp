#include "penstock/plugin/row_sink.hpp"

#include "requested_column.hpp"

#include <algorithm>

namespace penstock {

namespace {

using Clock = std::chrono::steady_clock;

/// A row that is older than this is sent, however small its block.
constexpr std::chrono::milliseconds kMaxRowAge{100};
/// A source that needs longer than this from one look at the clock to the next is slow.
constexpr std::chrono::milliseconds kSlowInterval{5};
/// Rows between two looks at size and clock: 64 make the looks cost less than 1 ns a row.
constexpr std::uint32_t kMaxCheckInterval = 64;
constexpr std::size_t kMaxWarnings = 100;

} // namespace

RowSink::RowSink(const ScanRequest& request, const TableSchema& schema, BlockOutput& output)
    : output_(output), schema_(schema), wanted_(schema.columns.size(), false),
      row_target_(request.row_target), last_check_(Clock::now()), block_started_(last_check_) {
    columns_.reserve(request.columns.size());
    for (const RequestedColumn& column : request.columns) {
        add_requested(column);
    }
    // A few huge values must not make a block that no frame holds: together, the columns look at
    // the size when they have eight times what a block should have.
    for (ColumnBuilder& column : columns_) {
        column.watch_size(8 * kTargetBlockBytes / columns_.size(), &next_check_rows_);
    }
}

void RowSink::add_requested(const RequestedColumn& requested) {
    const std::size_t index = position_of(requested, schema_);
    columns_.emplace_back(requested.type);
    schema_indexes_.push_back(index);
    wanted_[index] = true;
}

void RowSink::add_row(std::span<const Value> values) {
    if (values.size() != schema_.columns.size()) {
        throw Exception(ErrorKind::kInternal,
                        "plugin sent a row of " + std::to_string(values.size()) +
                            " values for table \"" + schema_.name + "\" with " +
                            std::to_string(schema_.columns.size()));
    }
    for (std::size_t index = 0; index < columns_.size(); ++index) {
        const std::size_t position = schema_indexes_[index];
        append_value(columns_[index], values[position], schema_.columns[position].name);
    }
    // Rows that come as values come from slow sources: look at the clock for each.
    next_check_rows_ = 0;
    end_row();
}

void RowSink::add_count(std::uint64_t rows) {
    if (!columns_.empty()) {
        throw Exception(ErrorKind::kInternal, "plugin counted rows of table \"" + schema_.name +
                                                  "\" although columns were requested");
    }
    while (rows > 0) {
        const std::uint64_t added =
            std::min<std::uint64_t>(rows, kMaxEmptyBlockRows - pending_rows_);
        pending_rows_ += static_cast<std::uint32_t>(added);
        rows -= added;
        check_block();
    }
}

void RowSink::check_cancelled() {
    if (output_.is_cancelled()) {
        throw Exception(ErrorKind::kCancelled, "query was cancelled");
    }
    // May be called in the middle of a row: then the columns are not equally long.
    const bool is_between_rows =
        std::all_of(columns_.begin(), columns_.end(), [&](const ColumnBuilder& column) {
            return column.row_count() == pending_rows_;
        });
    if (pending_rows_ > 0 && is_between_rows && Clock::now() - block_started_ >= kMaxRowAge) {
        flush();
    }
}

void RowSink::add_warning(std::string text) {
    if (warnings_.size() < kMaxWarnings) {
        warnings_.push_back(std::move(text));
    }
}

void RowSink::finish() {
    if (output_.is_cancelled()) {
        throw Exception(ErrorKind::kCancelled, "query was cancelled");
    }
    if (pending_rows_ > 0) {
        flush();
    }
}

std::size_t RowSink::pending_bytes() const noexcept {
    std::size_t bytes = 0;
    for (const ColumnBuilder& column : columns_) {
        bytes += column.bytes();
    }
    return bytes;
}

bool RowSink::is_block_due(Clock::time_point now) const noexcept {
    const std::uint32_t max_rows = columns_.empty() ? kMaxEmptyBlockRows : kMaxBlockRows;
    return pending_bytes() >= kTargetBlockBytes || pending_rows_ > max_rows - kMaxCheckInterval ||
           (row_target_ != 0 && row_count() >= row_target_) || now - block_started_ >= kMaxRowAge;
}

void RowSink::check_block() {
    if (output_.is_cancelled()) {
        throw Exception(ErrorKind::kCancelled, "query was cancelled");
    }
    const Clock::time_point now = Clock::now();
    if (pending_rows_ == 1) {
        block_started_ = now;
    }
    if (is_block_due(now)) {
        flush();
        return;
    }
    check_interval_ =
        now - last_check_ >= kSlowInterval ? 1 : std::min(check_interval_ * 2, kMaxCheckInterval);
    last_check_ = now;
    next_check_rows_ = pending_rows_ + check_interval_;
    if (row_target_ > row_count()) {
        next_check_rows_ = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(next_check_rows_, row_target_ - sent_rows_));
    }
}

void RowSink::flush() {
    build_block_frame(columns_, pending_rows_, frame_);
    output_.write_frame(frame_);
    sent_rows_ += pending_rows_;
    if (sent_rows_ >= row_target_) {
        row_target_ = 0; // reached: from here on, full blocks
    }
    pending_rows_ = 0;
    for (ColumnBuilder& column : columns_) {
        column.clear();
    }
    next_check_rows_ = 1;
    last_check_ = Clock::now(); // the reader's time is not the source's
    block_started_ = last_check_;
}

} // namespace penstock
