#pragma once

#include "block_cache.hpp"

#include "penstock/plugin/row_sink.hpp"

#include <optional>
#include <vector>

namespace penstock {

/// Sends a finished scan again.
/// Errors: throws Exception kCancelled when the reader has gone or wants no more.
void replay(const CachedScan& scan, const std::vector<RequestedColumn>& columns,
            BlockOutput& output);

/// Passes a table's blocks on and keeps a copy of each, until they are more than the cache has
/// room for.
/// Lifetime: fetch and output outlive it. Threads: one.
class RecordingOutput final : public BlockOutput {
  public:
    RecordingOutput(BlockCache::Fetch& fetch, const std::vector<RequestedColumn>& columns,
                    BlockOutput& output);
    ~RecordingOutput() override { output_.before_waiting(nullptr); }
    RecordingOutput(const RecordingOutput&) = delete;
    RecordingOutput& operator=(const RecordingOutput&) = delete;

    void write_frame(std::span<const std::byte> frame) override;
    [[nodiscard]] bool is_cancelled() const noexcept override { return output_.is_cancelled(); }

    /// The table has sent all its rows, without warnings.
    void finish();

  private:
    BlockCache::Fetch& fetch_;
    BlockOutput& output_;
    std::optional<CachedScan> scan_; ///< nothing: it has become too large
};

} // namespace penstock
