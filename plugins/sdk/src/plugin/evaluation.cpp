#include "evaluation.hpp"

#include "penstock/protocol/frame.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

namespace penstock {

namespace {

std::vector<ColumnView> views_of(std::span<const ColumnBuilder> columns) {
    std::vector<ColumnView> views(columns.size());
    std::transform(columns.begin(), columns.end(), views.begin(), view_of);
    return views;
}

std::uint32_t rows_of(std::span<const std::byte> frame) {
    BlockHeader header{};
    std::memcpy(&header, frame.data() + kFrameHeaderBytes, sizeof(header));
    return header.row_count;
}

} // namespace

Evaluation::Evaluation(const ScanPlan& plan, BlockOutput& output, std::size_t max_group_bytes)
    : plan_(plan), output_(output), is_plain_(plan.is_plain()),
      views_(plan.request.columns.size()) {
    for (const RequestedColumn& column : plan.request.columns) {
        types_.push_back(column.type);
    }
    for (const Qual& qual : plan.evaluated) {
        filter_.add(qual, plan.position_of(qual.column));
    }
    std::vector<TypeId> result(types_.begin(),
                               types_.begin() + static_cast<std::ptrdiff_t>(plan.wanted_columns));
    if (plan.is_grouped) {
        groups_.emplace(plan, max_group_bytes);
        result = groups_->result_types();
    }
    for (const TypeId type : result) {
        built_.emplace_back(type);
    }
    if (!plan.top.empty()) {
        top_.emplace(plan.top, result, plan.top_count);
    }
}

void Evaluation::write_frame(std::span<const std::byte> frame) {
    if (is_plain_) {
        send(frame, rows_of(frame));
        return;
    }
    if (is_complete_) {
        throw Exception(ErrorKind::kCancelled, "no more rows are wanted");
    }
    const std::uint32_t row_count =
        open_block(frame.subspan(kFrameHeaderBytes), types_, views_).take();
    if (types_.empty()) {
        send_count(row_count);
        return;
    }
    select(filter_, row_count);
    if (groups_) {
        groups_->add(views_, rows_, row_count);
    } else if (top_) {
        keep_selected();
    } else {
        send_selected(frame, row_count);
    }
}

void Evaluation::select(const RowFilter& filter, std::uint32_t row_count) {
    rows_.resize(row_count);
    if (filter.is_empty()) {
        for (std::uint32_t row = 0; row < row_count; ++row) {
            rows_[row] = row;
        }
        return;
    }
    mask_.assign(row_count, 1);
    filter.apply(views_, mask_);
    std::size_t count = 0;
    for (std::uint32_t row = 0; row < row_count; ++row) {
        rows_[count] = row;
        count += mask_[row];
    }
    rows_.resize(count);
}

void Evaluation::finish() {
    if (groups_) {
        send_groups();
    }
    if (top_) {
        top_->prune();
        send_top();
    }
}

void Evaluation::keep_selected() {
    top_->add(views_, rows_);
    give_up_top_if_large();
}

void Evaluation::keep_built() {
    const std::vector<ColumnView> views = views_of(built_);
    rows_.resize(built_[0].row_count());
    std::iota(rows_.begin(), rows_.end(), 0U);
    top_->add(views, rows_);
    for (ColumnBuilder& column : built_) {
        column.clear();
    }
    give_up_top_if_large();
}

void Evaluation::give_up_top_if_large() {
    if (top_->bytes() <= kMaxTopBytes) {
        return;
    }
    top_->prune();
    if (top_->bytes() > kMaxTopBytes / 2) { // else it would be pruned again and again
        send_top();
    }
}

void Evaluation::send_top() {
    const TopRows top = *std::exchange(top_, std::nullopt);
    const std::vector<ColumnView> views = views_of(top.rows());
    for (std::uint32_t row = 0; row < top.row_count(); ++row) {
        for (std::size_t index = 0; index < built_.size(); ++index) {
            copy_value(views[index], row, built_[index]);
        }
        send_built_if_large();
    }
    if (built_[0].row_count() > 0) {
        send_built();
    }
}

void Evaluation::send_groups() {
    groups_->finish(built_, [this] { send_built_if_large(); }, [this] { return is_cancelled(); });
    if (built_[0].row_count() > 0) {
        send_built();
    }
}

void Evaluation::send_built_if_large() {
    std::size_t bytes = 0;
    for (const ColumnBuilder& column : built_) {
        bytes += column.bytes();
    }
    if (bytes >= kTargetBlockBytes || built_[0].row_count() >= kMaxBlockRows) {
        send_built();
    }
}

std::uint32_t Evaluation::within_limit(std::size_t row_count) const noexcept {
    const std::uint64_t left = plan_.row_limit == 0 ? row_count : plan_.row_limit - row_count_;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(left, row_count));
}

void Evaluation::send_count(std::uint32_t row_count) {
    if (groups_) {
        groups_->add_rows(row_count);
        return;
    }
    const std::uint32_t count = within_limit(row_count);
    build_block_frame(std::span<const ColumnBuilder>(), count, frame_);
    send(frame_, count);
}

void Evaluation::send_selected(std::span<const std::byte> frame, std::uint32_t row_count) {
    rows_.resize(within_limit(rows_.size()));
    if (rows_.empty()) {
        return;
    }
    const bool are_all = rows_.size() == row_count;
    if (are_all && types_.size() == plan_.wanted_columns) {
        send(frame, row_count);
        return;
    }
    if (are_all || plan_.wanted_columns == 0) {
        const auto count = static_cast<std::uint32_t>(rows_.size());
        build_block_frame(std::span<const ColumnView>(views_).first(plan_.wanted_columns), count,
                          frame_);
        send(frame_, count);
        return;
    }
    for (std::size_t index = 0; index < built_.size(); ++index) {
        for (const std::uint32_t row : rows_) {
            copy_value(views_[index], row, built_[index]);
        }
    }
    send_built();
}

void Evaluation::send_built() {
    const std::uint32_t count = built_[0].row_count();
    if (top_) {
        keep_built();
        return;
    }
    build_block_frame(built_, count, frame_);
    for (ColumnBuilder& column : built_) {
        column.clear();
    }
    send(frame_, count);
}

void Evaluation::send(std::span<const std::byte> frame, std::uint32_t row_count) {
    output_.write_frame(frame);
    row_count_ += row_count;
    is_complete_ = plan_.row_limit != 0 && row_count_ >= plan_.row_limit && !plan_.is_grouped;
}

} // namespace penstock
