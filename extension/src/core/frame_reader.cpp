#include "core/frame_reader.hpp"

#include <cstring>

namespace penstock::core {

void FrameReader::Buffer::reserve(std::size_t bytes) {
    if (bytes <= capacity) {
        return;
    }
    const std::size_t elements = (bytes + 7) / 8;
    words = std::make_unique_for_overwrite<std::uint64_t[]>(elements);
    capacity = elements * 8;
}

void FrameReader::advance() noexcept {
    if (!is_complete_) {
        return;
    }
    is_complete_ = false;
    header_.reset();
    payload_bytes_ = 0;
    if (header_bytes_ == kFrameHeaderBytes) {
        // It came along with the payload; received() refused it already if it was bad.
        header_ = next_info_;
        header_bytes_ = 0;
        is_complete_ = header_->payload_bytes == 0;
    }
}

std::span<std::byte> FrameReader::want() {
    if (!header_) {
        return {next_header_ + header_bytes_, kFrameHeaderBytes - header_bytes_};
    }
    const std::size_t whole = header_->payload_bytes + kFrameHeaderBytes;
    if (payload_bytes_ == 0) {
        buffer().reserve(whole);
    }
    return {buffer().bytes() + payload_bytes_, whole - payload_bytes_};
}

Status FrameReader::received(std::size_t bytes) {
    if (!header_) {
        header_bytes_ += bytes;
        if (header_bytes_ < kFrameHeaderBytes) {
            return {};
        }
        const Result<FrameInfo> info = parse_header(
            std::span<const std::byte, kFrameHeaderBytes>(next_header_), max_frame_bytes_);
        if (!info) {
            return info.error();
        }
        header_ = info.value();
        header_bytes_ = 0;
        is_complete_ = header_->payload_bytes == 0;
        return {};
    }
    payload_bytes_ += bytes;
    if (payload_bytes_ < header_->payload_bytes) {
        return {};
    }
    header_bytes_ = payload_bytes_ - header_->payload_bytes;
    std::memcpy(next_header_, buffer().bytes() + header_->payload_bytes, header_bytes_);
    payload_bytes_ = header_->payload_bytes;
    is_complete_ = true;
    if (header_bytes_ == kFrameHeaderBytes) {
        const Result<FrameInfo> next = parse_header(
            std::span<const std::byte, kFrameHeaderBytes>(next_header_), max_frame_bytes_);
        if (!next) {
            return next.error();
        }
        next_info_ = next.value();
    }
    return {};
}

std::optional<FrameView> FrameReader::frame() const noexcept {
    if (!is_complete_) {
        return std::nullopt;
    }
    return FrameView{header_->kind,
                     {buffer().bytes(), header_->payload_bytes},
                     header_->payload_bytes + kFrameHeaderBytes};
}

} // namespace penstock::core
