#include "penstock/protocol/data_area.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>

namespace penstock {

namespace {
constexpr std::size_t kFirstBytes = 4096;
} // namespace

void DataArea::grow(std::size_t count) {
    constexpr std::size_t kMaxBytes = std::numeric_limits<std::uint32_t>::max();
    if (count > kMaxBytes - size_) {
        throw std::length_error("column data of a block is over 4 GiB");
    }
    const std::size_t wanted = std::max({size_ + count, capacity_ * 2, kFirstBytes});
    // realloc moves whole pages of a large area instead of copying them.
    void* const bytes = std::realloc(bytes_, wanted); // NOLINT(cppcoreguidelines-no-malloc)
    if (bytes == nullptr) {
        throw std::bad_alloc();
    }
    bytes_ = static_cast<std::byte*>(bytes);
    capacity_ = wanted;
}

} // namespace penstock
