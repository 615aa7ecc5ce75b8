#pragma once

#include "core/frame_reader.hpp"
#include "core/request.hpp"
#include "penstock/protocol/block.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace penstock::core {

/// The protocol of one scan from the backend's side, without its socket: bytes in, rows out.
///
/// Every member is noexcept and reports failure as an event with error() set, because its callers
/// run in frames that PostgreSQL may leave by longjmp: they own nothing, this object owns it all.
///
///   open(spec) → send outgoing() → loop { next_row(): kRow … / kNeedBytes → recv to want(),
///   received(n) or closed() } until kEnd or kError
class ScanSession {
  public:
    enum class Event : std::uint8_t {
        kRow,       ///< next_row filled the row
        kNeedBytes, ///< receive more
        kEnd,       ///< the END frame came and its row count is right
        kError,     ///< error() says what; the session is of no use any more
    };

    ScanSession() noexcept = default;
    ScanSession(const ScanSession&) = delete;
    ScanSession& operator=(const ScanSession&) = delete;

    /// Starts over with a new request. False = error().
    [[nodiscard]] bool open(const RequestSpec& spec) noexcept;

    /// What to send; empty when everything was sent.
    [[nodiscard]] std::span<const char> outgoing() const noexcept {
        return {outgoing_.data() + sent_bytes_, outgoing_.size() - sent_bytes_};
    }
    void sent(std::size_t bytes) noexcept { sent_bytes_ += bytes; }

    /// Where to receive; empty = error() (out of memory).
    [[nodiscard]] std::span<std::byte> want() noexcept;
    [[nodiscard]] Event received(std::size_t bytes) noexcept;
    /// The peer closed the stream, or `reason` (an errno text) broke it. Always kError: only an END
    /// frame ends a scan.
    Event closed(const char* reason) noexcept;

    /// The next row of the block in hand.
    ///
    /// Writes `values[target]` (a Datum, 64 bits) and `nulls[target]` for each requested column,
    /// nothing else. By-reference datums point into the block: good until the next call that
    /// returns kNeedBytes.
    [[nodiscard]] Event next_row(std::uint64_t* values, bool* nulls) noexcept;

    /// True when the whole result is the one block in hand, so rewind() is enough for a rescan.
    [[nodiscard]] bool can_rewind() const noexcept { return ended_ && block_count_ <= 1; }
    void rewind() noexcept;
    /// The END frame of the last scan came.
    [[nodiscard]] bool is_complete() const noexcept { return ended_; }

    [[nodiscard]] const Error& error() const noexcept { return error_; }
    /// Texts of the END frame, to be raised as WARNINGs.
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

    /// Of the last scan that ended: did its rows come from the plugin's cache, and how old were
    /// they?
    [[nodiscard]] bool is_cached() const noexcept { return is_cached_; }
    [[nodiscard]] std::uint64_t cache_age_ms() const noexcept { return cache_age_ms_; }

    /// The last scan came to its end and its source has nothing to say: what was asked is there.
    [[nodiscard]] bool is_sound() const noexcept { return ended_ && warnings_.empty(); }
    /// Rows that the last scan has received so far.
    [[nodiscard]] std::uint64_t rows_of_scan() const noexcept { return scan_rows_; }

    // Counters over all scans of the object, for EXPLAIN ANALYZE.
    [[nodiscard]] std::uint64_t rows_total() const noexcept { return rows_total_; }
    [[nodiscard]] std::uint64_t blocks_total() const noexcept { return blocks_total_; }
    [[nodiscard]] std::uint64_t bytes_total() const noexcept { return bytes_total_; }
    [[nodiscard]] std::uint64_t source_bytes_total() const noexcept { return source_bytes_total_; }
    [[nodiscard]] std::uint64_t block_count() const noexcept { return block_count_; }

  private:
    struct OutputColumn {
        ColumnView view;
        std::uint16_t target;
        std::string name; ///< for errors
    };

    Event next_block() noexcept;
    Event handle_frames();
    Event handle_frame(const FrameView& frame);
    Event handle_block(const FrameView& frame);
    Event handle_end(const FrameView& frame);
    Event fail(Error error) noexcept;
    Event fail_value(const OutputColumn& column, std::uint8_t fault) noexcept;

    std::string outgoing_;
    std::size_t sent_bytes_ = 0;
    std::unique_ptr<FrameReader> reader_;
    std::vector<OutputColumn> columns_;
    std::vector<TypeId> types_;
    std::vector<ColumnView> views_;
    std::string connection_;
    std::string table_;

    bool welcomed_ = false;
    bool ended_ = false;
    bool failed_ = false;
    std::uint32_t block_rows_ = 0; ///< of the block in hand
    std::uint32_t next_row_ = 0;   ///< in it
    std::uint64_t scan_rows_ = 0;  ///< received in this scan
    std::uint64_t block_count_ = 0;
    std::uint32_t part_count_ = 0; ///< of the request
    bool is_one_group_ = false;    ///< the request is for groups without keys

    Error error_;
    std::vector<std::string> warnings_;
    std::uint64_t rows_total_ = 0;
    std::uint64_t blocks_total_ = 0;
    std::uint64_t bytes_total_ = 0;
    std::uint64_t source_bytes_total_ = 0;
    bool is_cached_ = false;
    std::uint64_t cache_age_ms_ = 0;
};

} // namespace penstock::core
