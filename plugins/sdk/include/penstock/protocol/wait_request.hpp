#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

/// What a backend that needs the tables of a connection and the controller say to each other, over
/// the controller's own socket (penstock.controller.socket).
///
/// Shape:   backend → controller, once: WaitHeader, then `name_bytes` bytes of the connection's
///          name. controller → backend: single bytes, WaitReply, until one end closes.
/// Units:   numbers in the machine's byte order: both ends are on one machine.
/// Errors:  whatever else arrives ends the stream. A stream that ends without kSettled: the
///          controller has gone.
/// Source:  protocol/README.md section 6.
namespace penstock {

/// First field ("PNSW").
inline constexpr std::uint32_t kWaitMagic = 0x57534E50;
inline constexpr std::uint16_t kWaitVersion = 1;
/// A longer name is no schema's.
inline constexpr std::size_t kMaxWaitNameBytes = 1000;

struct WaitHeader {
    std::uint32_t magic;
    std::uint16_t version;
    std::uint16_t name_bytes; ///< 1 … kMaxWaitNameBytes
};
static_assert(sizeof(WaitHeader) == 8);

/// Numbers are never used again. A receiver that does not know one closes the stream.
enum class WaitReply : unsigned char {
    /// The loader holds the schema's load lock: wait for that one now. May come again.
    kLoading = 1,
    /// Last: the connection has another state than it had, or nothing is to be done. Look again.
    kSettled = 2,
};

[[nodiscard]] inline WaitHeader make_wait_header(std::size_t name_bytes) noexcept {
    return {kWaitMagic, kWaitVersion, static_cast<std::uint16_t>(name_bytes)};
}

/// Returns: how many bytes of name follow; nothing when this is no request of ours. Pure.
[[nodiscard]] inline std::optional<std::size_t>
parse_wait_header(const std::byte (&bytes)[sizeof(WaitHeader)]) noexcept {
    WaitHeader header{};
    std::memcpy(&header, bytes, sizeof(header));
    const bool is_ours = header.magic == kWaitMagic && header.version == kWaitVersion &&
                         header.name_bytes > 0 && header.name_bytes <= kMaxWaitNameBytes;
    return is_ours ? std::optional<std::size_t>(header.name_bytes) : std::nullopt;
}

} // namespace penstock
