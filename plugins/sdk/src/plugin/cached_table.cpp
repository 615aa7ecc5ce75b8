#include "cached_table.hpp"

#include "penstock/protocol/frame.hpp"
#include "penstock/types/error.hpp"

#include <algorithm>

namespace penstock {

void replay(const CachedScan& scan, const std::vector<RequestedColumn>& columns,
            BlockOutput& output) {
    std::vector<TypeId> types;
    types.reserve(scan.columns.size());
    for (const RequestedColumn& column : scan.columns) {
        types.push_back(column.type);
    }
    std::vector<ColumnView> views(types.size());
    std::vector<ColumnView> wanted(columns.size());
    std::vector<std::byte> frame;
    for (const std::vector<std::byte>& cached : scan.frames) {
        if (output.is_cancelled()) {
            throw Exception(ErrorKind::kCancelled, "query was cancelled");
        }
        if (scan.columns == columns) {
            output.write_frame(cached);
            continue;
        }
        const std::uint32_t rows =
            open_block(std::span(cached).subspan(kFrameHeaderBytes), types, views).take();
        for (std::size_t index = 0; index < columns.size(); ++index) {
            const auto found = std::find(scan.columns.begin(), scan.columns.end(), columns[index]);
            wanted[index] = views[static_cast<std::size_t>(found - scan.columns.begin())];
        }
        build_block_frame(wanted, rows, frame);
        output.write_frame(frame);
    }
}

RecordingOutput::RecordingOutput(BlockCache::Fetch& fetch,
                                 const std::vector<RequestedColumn>& columns, BlockOutput& output)
    : fetch_(fetch), output_(output), scan_(CachedScan()) {
    scan_->columns = columns;
    scan_->read_at = std::chrono::steady_clock::now();
    output_.before_waiting([&fetch] { fetch.stop_sharing(); });
}

void RecordingOutput::write_frame(std::span<const std::byte> frame) {
    if (scan_) {
        if (fetch_.reserve(frame.size())) {
            scan_->bytes += frame.size();
            scan_->frames.emplace_back(frame.begin(), frame.end());
        } else {
            scan_.reset();
            fetch_.give_up();
        }
    }
    output_.write_frame(frame);
}

void RecordingOutput::finish() {
    if (scan_) {
        fetch_.finish(*std::move(scan_));
    }
}

} // namespace penstock
