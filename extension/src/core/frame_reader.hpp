#pragma once

#include "penstock/protocol/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace penstock::core {

/// Turns a stream of bytes into frames, without copying payloads.
///
/// Use: receive at most `want().size()` bytes to `want().data()`, tell `received(n)`, and look at
/// `frame()`. The reader asks for the rest of the payload in hand and the eight bytes of the next
/// header, so a stream of blocks costs one recv() a block, and every payload starts at a multiple
/// of 8 whatever came before it. Lifetime: the payload of a kBlock frame is good until a want()
/// that starts the next kBlock frame, so the last block survives the END behind it; that of any
/// other frame until the next want(). Memory: two buffers, each as large as the largest frame so
/// far, at most kMaxFrameBytes + 8.
class FrameReader {
  public:
    explicit FrameReader(std::size_t max_frame_bytes = kMaxFrameBytes) noexcept
        : max_frame_bytes_(max_frame_bytes) {}

    /// Where the next bytes go; never empty. Only when there is no frame(). Throws std::bad_alloc.
    [[nodiscard]] std::span<std::byte> want();

    /// `bytes` of the last want() have arrived (1 … its size).
    /// Errors: kProtocol, as parse_header; the reader is of no use then.
    [[nodiscard]] Status received(std::size_t bytes);

    /// The frame that is complete now, or nothing.
    [[nodiscard]] std::optional<FrameView> frame() const noexcept;

    /// Drops the frame in hand, if there is one. The next one may be complete at once: look at
    /// frame() before want().
    void advance() noexcept;

    /// True between frames: a stream that ends here ended cleanly (as far as framing goes).
    [[nodiscard]] bool is_between_frames() const noexcept { return !header_ && header_bytes_ == 0; }

  private:
    struct Buffer {
        std::unique_ptr<std::uint64_t[]> words; ///< 8-byte elements: aligned payloads
        std::size_t capacity = 0;               ///< bytes
        void reserve(std::size_t bytes);
        [[nodiscard]] std::byte* bytes() const noexcept {
            return reinterpret_cast<std::byte*>(words.get());
        }
    };
    [[nodiscard]] Buffer& buffer() noexcept {
        return header_->kind == FrameKind::kBlock ? blocks_ : others_;
    }
    [[nodiscard]] const Buffer& buffer() const noexcept {
        return header_->kind == FrameKind::kBlock ? blocks_ : others_;
    }

    std::size_t max_frame_bytes_;
    Buffer blocks_;
    Buffer others_;
    std::optional<FrameInfo> header_; ///< of the frame being received
    std::size_t payload_bytes_ = 0;   ///< of it, so far
    /// Bytes of the next header so far: behind the payload, or all there is before the first frame.
    std::size_t header_bytes_ = 0;
    std::byte next_header_[kFrameHeaderBytes] = {};
    FrameInfo next_info_ = {}; ///< parsed from next_header_ when that is complete
    bool is_complete_ = false; ///< there is a frame in hand
};

} // namespace penstock::core
