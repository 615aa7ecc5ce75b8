#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

/// PostgreSQL's memory formats, as far as both the writer (datum_encode, plugin/jsonb) and the
/// checker (datum_check) need them. They have not changed since 9.4, and since 14 for numeric's
/// infinities. Spelled out here because this code also runs where `postgres.h` must not.
namespace penstock::datum {

// A varlena's header bits sit at the other end on such machines; none of ours is one.
static_assert(std::endian::native == std::endian::little);

/// Whole value, header included. Source: postgres.h, VARSIZE_4B (30 bits) and c.h, MaxAllocSize.
inline constexpr std::uint32_t kMaxVarlenaBytes = 0x3FFFFFFF;
inline constexpr std::uint32_t kVarlenaHeaderBytes = 4;
/// Content that still fits a 1-byte header. Source: postgres.h, VARATT_SHORT_MAX.
inline constexpr std::size_t kMaxShortContent = 126;

[[nodiscard]] constexpr std::uint32_t align4(std::uint32_t size) noexcept {
    return (size + 3U) & ~3U;
}

/// SET_VARSIZE: the length in the upper 30 bits, the lower two zero for "plain, 4-byte header".
[[nodiscard]] constexpr std::uint32_t long_header(std::uint32_t bytes) noexcept {
    return bytes << 2U;
}

template <typename T>
[[nodiscard]] inline T load(const std::byte* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof(value));
    return value;
}

template <typename T>
inline void store(std::byte* to, T value) noexcept {
    std::memcpy(to, &value, sizeof(value));
}

/// numeric: base-10000 digits, most significant first. Source: utils/adt/numeric.c.
///   short  uint16 header: 10 | sign(1) | dscale(6) | weight sign(1) | weight(6), digits
///   long   uint16 header: sign(2) | dscale(14), int16 weight, digits
///   NaN, Infinity, -Infinity: only the uint16 header
namespace numeric {
inline constexpr int kBase = 10000;
inline constexpr int kDigitsPerGroup = 4;
inline constexpr std::uint16_t kSignMask = 0xC000;
inline constexpr std::uint16_t kNegative = 0x4000;
inline constexpr std::uint16_t kShort = 0x8000;
inline constexpr std::uint16_t kSpecial = 0xC000;
inline constexpr std::uint16_t kNan = 0xC000;
inline constexpr std::uint16_t kPositiveInfinity = 0xD000;
inline constexpr std::uint16_t kNegativeInfinity = 0xF000;
inline constexpr std::uint16_t kShortNegative = 0x2000;
inline constexpr std::uint16_t kShortDscaleMax = 0x3F;
inline constexpr unsigned kShortDscaleShift = 7;
inline constexpr std::uint16_t kShortWeightSign = 0x0040;
inline constexpr std::uint16_t kShortWeightMask = 0x003F;
inline constexpr int kShortWeightMax = 63;
inline constexpr int kShortWeightMin = -64;
inline constexpr std::uint16_t kDscaleMask = 0x3FFF;
inline constexpr int kDscaleMax = 0x3FFF;
inline constexpr int kWeightMax = 0x7FFF;
inline constexpr int kWeightMin = -0x8000;
} // namespace numeric

/// inet and cidr: family, prefix length, 4 or 16 bytes of address. Source: utils/inet.h.
namespace inet {
inline constexpr std::uint8_t kFamilyV4 = 2; ///< AF_INET + 0, whatever the platform's AF_INET
inline constexpr std::uint8_t kFamilyV6 = 3;
inline constexpr std::uint32_t kPrefixBytes = 2;
} // namespace inet

/// Header of an array of at most one dimension. Source: utils/array.h, ArrayType.
/// With one dimension, its length and lower bound follow (int32 each).
struct ArrayHeader {
    std::uint32_t varlena;
    std::int32_t dimensions;
    std::int32_t data_offset; ///< 0 = no null bitmap
    std::uint32_t element_oid;
};
static_assert(sizeof(ArrayHeader) == 16);
inline constexpr std::uint32_t kArrayPrefixBytes = 24; ///< header, length, lower bound
inline constexpr std::uint32_t kTextOid = 25;
inline constexpr std::uint32_t kInt8Oid = 20;

/// jsonb: nested containers. A container is a uint32 header (flags and count), a uint32 entry for
/// each child (objects: all keys, then all values), and the children's bytes. An entry holds type
/// and length; every 32nd holds the end offset instead, so that a lookup need not add them all up.
/// Source: utils/jsonb.h, utils/adt/jsonb_util.c.
namespace jsonb {
inline constexpr std::uint32_t kCountMask = 0x0FFFFFFF;
inline constexpr std::uint32_t kScalar = 0x10000000; ///< a root array that stands for its element
inline constexpr std::uint32_t kObject = 0x20000000;
inline constexpr std::uint32_t kArray = 0x40000000;
inline constexpr std::uint32_t kLengthMask = 0x0FFFFFFF;
inline constexpr std::uint32_t kTypeMask = 0x70000000;
inline constexpr std::uint32_t kHasOffset = 0x80000000;
inline constexpr std::uint32_t kString = 0x00000000;
inline constexpr std::uint32_t kNumeric = 0x10000000;
inline constexpr std::uint32_t kFalse = 0x20000000;
inline constexpr std::uint32_t kTrue = 0x30000000;
inline constexpr std::uint32_t kNull = 0x40000000;
inline constexpr std::uint32_t kContainer = 0x50000000;
inline constexpr std::uint32_t kOffsetStride = 32;
/// Chosen: the server's own limit is its stack; ours keeps the check's recursion under 256 KiB.
inline constexpr std::uint32_t kMaxDepth = 1000;
} // namespace jsonb

} // namespace penstock::datum
