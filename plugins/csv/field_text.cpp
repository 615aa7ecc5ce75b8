#include "csv/field_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace penstock::csv {

namespace {

/// Vectors of the compiler: SSE2 on x86-64, NEON on ARM.
using Bytes16 [[gnu::vector_size(16)]] = std::uint8_t;
using Words2 [[gnu::vector_size(16)]] = std::uint64_t;

constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kStep = 32;
static_assert(kCopySlack >= kBlockBytes);

/// Bit i = byte i is `wanted`.
std::uint64_t find_all(const char* block, char wanted) noexcept {
    std::uint64_t found = 0;
    for (unsigned at = 0; at < kBlockBytes; at += sizeof(Bytes16)) {
        Bytes16 bytes;
        std::memcpy(&bytes, block + at, sizeof(bytes));
        // Of each byte that is equal, the bit of its place in the word; the product adds the bytes
        // up.
        constexpr std::uint64_t kPlaces = 0x8040201008040201;
        const auto equal =
            std::bit_cast<Words2>(bytes == static_cast<std::uint8_t>(wanted)) & kPlaces;
        found |= equal[0] * 0x0101010101010101U >> 56U << at;
        found |= equal[1] * 0x0101010101010101U >> 56U << (at + 8);
    }
    return found;
}

/// JSON in CSV has a quote every six to ten bytes, far too many to look for each by itself: the
/// quotes of 64 bytes are found at once, and what is between them is copied in steps of 32.
class BlockCopy {
  public:
    BlockCopy(char quote, char* to) : to_(to), quote_(quote) {}

    /// `text` has at least kBlockBytes, of which the first are taken.
    void add_whole(std::string_view text) noexcept {
        std::memcpy(block_.data(), text.data(), kBlockBytes);
        add(kBlockBytes, find_all(block_.data(), quote_));
    }

    void add_rest(std::string_view text) noexcept {
        std::memcpy(block_.data(), text.data(), text.size());
        const std::uint64_t is_text = (std::uint64_t{1} << text.size()) - 1;
        add(text.size(), find_all(block_.data(), quote_) & is_text);
    }

    [[nodiscard]] char* end() const noexcept { return to_; }

  private:
    void add(std::size_t size, std::uint64_t quotes) noexcept {
        const char* const block = block_.data();
        char* to = to_;
        std::size_t at = 0;
        const auto copy_to = [&](std::size_t end) {
            std::memcpy(to, block + at, kStep);
            if (end - at > kStep) {
                std::memcpy(to + kStep, block + at + kStep, kStep);
            }
            to += end - at;
        };
        if (is_half_) { // the other half of the last block's last quote
            quotes &= ~std::uint64_t{1};
            at = 1;
        }
        while (quotes != 0) {
            const auto first = static_cast<std::size_t>(std::countr_zero(quotes));
            copy_to(first + 1);
            at = first + 2;
            quotes &= quotes - 1;
            quotes &= quotes - 1;
        }
        is_half_ = at > size;
        copy_to(std::max(at, size));
        to_ = to;
    }

    std::array<char, 2 * kBlockBytes + kStep>
        block_; ///< the steps read past the text, no matter what
    char* to_;
    char quote_;
    bool is_half_ = false;
};

} // namespace

char* copy_undoubled(std::string_view text, char quote, char* to) noexcept {
    BlockCopy copy(quote, to);
    for (; text.size() >= kBlockBytes; text.remove_prefix(kBlockBytes)) {
        copy.add_whole(text);
    }
    copy.add_rest(text);
    return copy.end();
}

} // namespace penstock::csv
