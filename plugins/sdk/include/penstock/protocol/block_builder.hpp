#pragma once

#include "penstock/protocol/block.hpp"
#include "penstock/protocol/datum_encode.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace penstock {

/// The growing column of a block. One call of an `append_*` function a row; the function must be
/// that of the column's type (fixed widths: append_fixed with the C++ type of that width).
/// Inline, because a scan calls them a hundred million times.
class ColumnBuilder {
  public:
    explicit ColumnBuilder(TypeId type);

    [[nodiscard]] TypeId type() const noexcept { return type_; }
    [[nodiscard]] std::uint32_t row_count() const noexcept { return row_count_; }
    /// Bytes that the column adds to the block so far.
    [[nodiscard]] std::size_t bytes() const noexcept { return values_.size() + data_.size(); }

    void append_null() {
        if (!has_nulls_) {
            start_nulls();
        }
        set_null_bit(false);
        std::memset(values_.extend(stride_), 0, stride_);
        ++row_count_;
    }

    /// `value` has the width of the column's type: int16_t for int2, Date for date, ….
    template <typename T>
    void append_fixed(const T& value) {
        static_assert(std::is_trivially_copyable_v<T>);
        note_value();
        std::memcpy(values_.extend(sizeof(T)), &value, sizeof(T));
    }

    /// text and bytea.
    void append_text(std::string_view text) { append_offset(penstock::append_text(data_, text)); }

    /// A value that was appended to data() at `offset` by one of the functions of datum_encode.hpp.
    void append_offset(std::uint32_t offset) {
        note_value();
        std::memcpy(values_.extend(sizeof(offset)), &offset, sizeof(offset));
        if (data_.size() >= large_bytes_) {
            *on_large_ = 0;
        }
    }
    [[nodiscard]] DataArea& data() noexcept { return data_; }

    /// From `bytes` of variable-width data on, each append sets `*counter` to zero: the sink's row
    /// counter, so that a block of few huge values is closed in time. Lifetime: `counter` is good
    /// as long as the column is.
    void watch_size(std::size_t bytes, std::uint32_t* counter) noexcept {
        large_bytes_ = bytes;
        on_large_ = counter;
    }

    /// Back to no rows; keeps the memory, unless one huge value made it unusually large.
    void clear() noexcept;

    [[nodiscard]] std::span<const std::byte> values_area() const noexcept { return values_; }
    [[nodiscard]] std::span<const std::byte> data_area() const noexcept { return data_; }
    /// Empty when no row is NULL.
    [[nodiscard]] std::span<const std::uint8_t> nulls_area() const noexcept { return nulls_; }

  private:
    void start_nulls();
    void set_null_bit(bool has_value) {
        if ((row_count_ & 7U) == 0) {
            nulls_.push_back(0);
        }
        if (has_value) {
            nulls_[row_count_ >> 3U] |= static_cast<std::uint8_t>(1U << (row_count_ & 7U));
        }
    }
    void note_value() {
        if (has_nulls_) {
            set_null_bit(true);
        }
        ++row_count_;
    }

    TypeId type_;
    std::uint32_t stride_; ///< bytes of a row in values_
    std::uint32_t row_count_ = 0;
    bool has_nulls_ = false;
    std::size_t large_bytes_ = SIZE_MAX;
    std::uint32_t* on_large_ = nullptr; ///< set whenever large_bytes_ is
    DataArea values_;
    DataArea data_;
    std::vector<std::uint8_t> nulls_;
};

/// Lays finished columns out as the payload of a kBlock frame, with the frame header in front.
///
/// Shape:  `columns` all have the same number of rows, at least one. With no columns, `row_count`
///         is the count and `columns` is empty.
/// Writes: `frame` is replaced; ready to be written to a socket as it is.
/// Errors: throws Exception kLimit when the payload is over kMaxFrameBytes, kInternal when the
///         columns do not have `row_count` rows each.
void build_block_frame(std::span<const ColumnBuilder> columns, std::uint32_t row_count,
                       std::vector<std::byte>& frame);

/// The same from columns that lie elsewhere, such as in another block. Each view holds `row_count`
/// rows; `frame` must not be what they point into.
void build_block_frame(std::span<const ColumnView> columns, std::uint32_t row_count,
                       std::vector<std::byte>& frame);

} // namespace penstock
