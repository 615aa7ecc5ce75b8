#pragma once

#include "penstock/types/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace penstock {

/// Version of the wire contract; the handshake carries it and the lowest one still understood.
inline constexpr std::uint32_t kProtocolVersion = 2;
inline constexpr std::uint32_t kMinProtocolVersion = 1;
/// The version that groups came with: a request for them must not reach an older plugin, which
/// would answer with the rows themselves.
inline constexpr std::uint32_t kGroupsProtocolVersion = 2;

/// First field of every handshake ("PNST"): tells a stray peer from an old one.
inline constexpr std::uint32_t kProtocolMagic = 0x54534E50;

/// Kinds of frames. Never reuse a number; a receiver that does not know one closes the stream with
/// kProtocol. Directions: B = backend (or importer), P = plugin, C = controller.
enum class FrameKind : std::uint8_t {
    kHello = 1,        ///< B→P, first: message Hello
    kScan = 2,         ///< B→P, once: message Scan
    kImport = 3,       ///< B→P, once, instead of kScan: message Import
    kCancel = 4,       ///< B→P, empty: stop as soon as possible; closing the socket means the same
    kWelcome = 16,     ///< P→B, answers kHello: message Welcome
    kBlock = 17,       ///< P→B: a block of rows (block.hpp)
    kEnd = 18,         ///< P→B, last: message End; its row count closes the contract
    kError = 19,       ///< P→B, last: message ErrorMessage
    kSchema = 20,      ///< P→B, answers kImport: message Schema, then kEnd
    kControl = 32,     ///< C→P: message ControlRequest
    kControlReply = 33 ///< P→C: message ControlReply
};

/// A frame is this header and then `payload_bytes` of payload. Everything is in the byte order of
/// the machine: both ends are on one machine, and kProtocolMagic would not match otherwise.
/// Size 8, alignment 4.
struct FrameHeader {
    std::uint32_t payload_bytes;
    std::uint8_t kind;
    std::uint8_t reserved[3]; ///< zero
};
static_assert(sizeof(FrameHeader) == 8);

inline constexpr std::size_t kFrameHeaderBytes = sizeof(FrameHeader);
/// A longer frame is refused before anything is allocated. Chosen: a block holds at least one row,
/// and a row of 16 MiB in a foreign table is a mistake rather than a need.
inline constexpr std::size_t kMaxFrameBytes = 16U << 20;
/// Control frames carry schemas of thousands of tables, over a private socket.
inline constexpr std::size_t kMaxControlFrameBytes = 256U << 20;

/// Checks a header that has arrived whole.
///
/// Returns: kind and payload length. Errors: kProtocol, when reserved bytes are not zero, the kind
/// is not known or the length is over `max_bytes`. Threads: pure; also safe inside a backend.
struct FrameInfo {
    FrameKind kind;
    std::uint32_t payload_bytes;
};
[[nodiscard]] Result<FrameInfo> parse_header(std::span<const std::byte, kFrameHeaderBytes> bytes,
                                             std::size_t max_bytes = kMaxFrameBytes);

/// The eight bytes of a header.
[[nodiscard]] FrameHeader make_header(FrameKind kind, std::uint32_t payload_bytes) noexcept;

/// One whole frame in a stream of bytes.
struct FrameView {
    FrameKind kind;
    std::span<const std::byte> payload; ///< a view into what was passed to cut_frame
    std::size_t frame_bytes;            ///< header and payload: what to drop from the front
};

/// Cuts one frame off the front of what has been received.
///
/// Returns: the frame, or nothing while it is not complete. Errors: as parse_header.
[[nodiscard]] Result<std::optional<FrameView>> cut_frame(std::span<const std::byte> received,
                                                         std::size_t max_bytes = kMaxFrameBytes);

} // namespace penstock
