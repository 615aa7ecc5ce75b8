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
        values_.resize(values_.size() + stride_);
        ++row_count_;
    }

    template <typename T>
    void append_fixed(const T& value) {
        static_assert(std::is_trivially_copyable_v<T>);
        note_value();
        const std::size_t at = values_.size();
        values_.resize(at + sizeof(T));
        std::memcpy(values_.data() + at, &value, sizeof(T));
    }

    /// text and bytea.
    void append_text(std::string_view text) { append_offset(penstock::append_text(data_, text)); }

    /// A value that was appended to data() at `offset` by one of the functions of datum_encode.hpp.
    void append_offset(std::uint32_t offset) {
        note_value();
        const std::size_t at = values_.size();
        values_.resize(at + sizeof(offset));
        std::memcpy(values_.data() + at, &offset, sizeof(offset));
    }
    [[nodiscard]] DataArea& data() noexcept { return data_; }

    /// Back to no rows; keeps the memory.
    void clear() noexcept;

    [[nodiscard]] std::span<const std::byte> values_area() const noexcept { return values_; }
    [[nodiscard]] std::span<const std::byte> data_area() const noexcept { return data_; }
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
    std::vector<std::byte> values_;
    DataArea data_;
    std::vector<std::uint8_t> nulls_;
};

/// Lays finished columns out as the payload of a kBlock frame, with the frame header in front.
///
/// Shape:  `columns` all have the same number of rows, at least one. With no columns, `row_count`
///         is the count and `columns` is empty.
/// Writes: `frame` is replaced; ready to be written to a socket as it is.
void build_block_frame(std::span<const ColumnBuilder> columns, std::uint32_t row_count,
                       std::vector<std::byte>& frame);

} // namespace penstock
