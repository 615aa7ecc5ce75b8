#include "penstock/protocol/frame.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace penstock {

namespace {

constexpr std::array<FrameKind, 11> kKnownKinds{
    FrameKind::kHello,   FrameKind::kScan,    FrameKind::kImport,      FrameKind::kCancel,
    FrameKind::kWelcome, FrameKind::kBlock,   FrameKind::kEnd,         FrameKind::kError,
    FrameKind::kSchema,  FrameKind::kControl, FrameKind::kControlReply};

} // namespace

Result<FrameInfo> parse_header(std::span<const std::byte, kFrameHeaderBytes> bytes,
                               std::size_t max_bytes) {
    FrameHeader header{};
    std::memcpy(&header, bytes.data(), sizeof(header));
    const auto kind = static_cast<FrameKind>(header.kind);
    if (std::find(kKnownKinds.begin(), kKnownKinds.end(), kind) == kKnownKinds.end()) {
        return Error::make(ErrorKind::kProtocol,
                           "unknown kind of frame " + std::to_string(header.kind));
    }
    if (header.reserved[0] != 0 || header.reserved[1] != 0 || header.reserved[2] != 0) {
        return Error::make(ErrorKind::kProtocol, "reserved bytes of a frame header are not zero");
    }
    if (header.payload_bytes > max_bytes) {
        return Error::make(ErrorKind::kProtocol,
                           "frame of " + std::to_string(header.payload_bytes) +
                               " bytes is over the limit of " + std::to_string(max_bytes));
    }
    return FrameInfo{kind, header.payload_bytes};
}

FrameHeader make_header(FrameKind kind, std::uint32_t payload_bytes) noexcept {
    return {payload_bytes, static_cast<std::uint8_t>(kind), {0, 0, 0}};
}

Result<std::optional<FrameView>> cut_frame(std::span<const std::byte> received,
                                           std::size_t max_bytes) {
    if (received.size() < kFrameHeaderBytes) {
        return std::optional<FrameView>();
    }
    const Result<FrameInfo> info = parse_header(received.first<kFrameHeaderBytes>(), max_bytes);
    if (!info) {
        return info.error();
    }
    const std::size_t frame_bytes = kFrameHeaderBytes + info->payload_bytes;
    if (received.size() < frame_bytes) {
        return std::optional<FrameView>();
    }
    return std::optional<FrameView>(FrameView{
        info->kind, received.subspan(kFrameHeaderBytes, info->payload_bytes), frame_bytes});
}

} // namespace penstock
