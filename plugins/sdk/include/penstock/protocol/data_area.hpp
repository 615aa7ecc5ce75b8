#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace penstock {

/// The growing bytes of a block's variable-width column.
///
/// Instead of std::vector, because growing one fills the new bytes with zeros just before they are
/// overwritten. Bytes from extend() are not initialised: whoever asks for them writes them all.
/// Start:  malloc's alignment, 16 bytes.
/// Limit:  4 GiB, as offsets are uint32.
class DataArea {
  public:
    DataArea() = default;
    ~DataArea() { std::free(bytes_); } // NOLINT(cppcoreguidelines-no-malloc)
    DataArea(const DataArea&) = delete;
    DataArea& operator=(const DataArea&) = delete;
    DataArea(DataArea&& other) noexcept
        : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    DataArea& operator=(DataArea&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::byte* data() noexcept { return bytes_; }
    [[nodiscard]] const std::byte* data() const noexcept { return bytes_; }
    [[nodiscard]] std::byte* begin() noexcept { return bytes_; }
    [[nodiscard]] std::byte* end() noexcept { return bytes_ + size_; }
    [[nodiscard]] const std::byte* begin() const noexcept { return bytes_; }
    [[nodiscard]] const std::byte* end() const noexcept { return bytes_ + size_; }
    [[nodiscard]] std::byte operator[](std::size_t at) const noexcept { return bytes_[at]; }

    /// Adds `count` uninitialised bytes and returns the first; good until the next growth.
    /// Throws std::length_error past 4 GiB, std::bad_alloc.
    [[nodiscard]] std::byte* extend(std::size_t count) {
        if (count > capacity_ - size_) [[unlikely]] {
            grow(count);
        }
        std::byte* const added = bytes_ + size_;
        size_ += count;
        return added;
    }

    /// Adds zero bytes up to a multiple of `alignment`, a power of two.
    void align(std::size_t alignment) {
        const std::size_t padding = (0 - size_) & (alignment - 1);
        std::byte* const added = extend(padding);
        for (std::size_t i = 0; i < padding; ++i) {
            added[i] = std::byte{0};
        }
    }

    /// Drops everything from `size` on; `size` is at most size(). Keeps the memory.
    void truncate(std::size_t size) noexcept { size_ = size; }
    void clear() noexcept { size_ = 0; }

  private:
    void grow(std::size_t count);

    std::byte* bytes_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

} // namespace penstock
