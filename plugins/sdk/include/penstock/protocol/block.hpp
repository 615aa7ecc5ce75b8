#pragma once

#include "penstock/types/result.hpp"
#include "penstock/types/type.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace penstock {

/// Payload of a kBlock frame, column by column, every value already in PostgreSQL's datum format.
///
///   BlockHeader                          8 bytes
///   ColumnArea × column_count           16 bytes each
///   areas, each starting at a multiple of 8 from the start of the payload
///
/// A column's areas:
///   nulls   (row_count + 7) / 8 bytes, bit i of the column set = row i has a value; absent
///           (offset 0) when no row is NULL. Bit order as in PostgreSQL: bit 0 is the lowest.
///   values  fixed width types: row_count × width bytes, natural byte order; a NULL row's bytes are
///           not read. Variable types: row_count × uint32, the offset of the value in `data`.
///   data    variable types only: varlena values. text and bytea: a 1-byte header up to 126 bytes
///           of content, else a 4-byte header; any alignment for the former, 4 for the latter. All
///           other types: 4-byte header, 4-byte alignment; int8[] 8-byte alignment, because
///           PostgreSQL's array code rounds addresses up to the element's. Never compressed,
///           never TOASTed.
///
/// A block with column_count 0 carries only a number of rows.
/// Lifetime: datums point into the payload; they are good until the buffer is used for the next
/// block, which is after the row that follows the last one was asked for.
struct BlockHeader {
    std::uint32_t row_count; ///< 1 … kMaxBlockRows
    std::uint16_t column_count;
    std::uint16_t reserved; ///< zero
};
static_assert(sizeof(BlockHeader) == 8);

struct ColumnArea {
    std::uint32_t nulls_offset;  ///< 0 = no NULLs
    std::uint32_t values_offset; ///< from the start of the payload, multiple of 8
    std::uint32_t data_offset;   ///< 0 for fixed width types
    std::uint32_t data_bytes;    ///< 0 for fixed width types
};
static_assert(sizeof(ColumnArea) == 16);

/// Rows in a block with columns: bounds the work between two looks at the interrupt flag.
inline constexpr std::uint32_t kMaxBlockRows = 1U << 20;
/// Blocks without columns carry only a count.
inline constexpr std::uint32_t kMaxEmptyBlockRows = 1U << 30;
/// Size at which the SDK closes a block. Measured: 64 KiB to 1 MiB cost the same per row; smaller
/// ones twice as much. Fits a second-level cache together with what the executor touches.
inline constexpr std::size_t kTargetBlockBytes = 128U << 10;

/// A column of a checked block: raw pointers, for a decode loop that costs nanoseconds a value.
struct ColumnView {
    const std::uint8_t* nulls; ///< nullptr = no NULLs
    const std::byte* values;
    const std::byte* data;
    std::uint32_t data_bytes;
    TypeId type;
    std::uint8_t width; ///< 0 = variable

    [[nodiscard]] bool is_null(std::uint32_t row) const noexcept {
        return nulls != nullptr && (nulls[row >> 3U] & (1U << (row & 7U))) == 0;
    }
};

/// Checks the frame of a block: counts, offsets, sizes, alignment. Does not look at values.
///
/// Shape:   `payload` must start at an address that is a multiple of 8; `types` are those of the
///          requested columns, in order; `columns` has room for as many.
/// Returns: the number of rows; `columns` filled.
/// Errors:  kProtocol, naming what does not fit.
/// Threads: pure; no allocation unless it fails; safe inside a backend.
[[nodiscard]] Result<std::uint32_t> open_block(std::span<const std::byte> payload,
                                               std::span<const TypeId> types,
                                               std::span<ColumnView> columns);

} // namespace penstock
