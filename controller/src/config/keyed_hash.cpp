#include "config/keyed_hash.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>

namespace penstock::config {

namespace {

using Words = std::array<std::uint64_t, 4>;

/// Eight bytes, little-endian; bytes past the end are zero.
std::uint64_t load(std::string_view text, std::size_t offset) noexcept {
    std::uint64_t word = 0;
    for (std::size_t index = 0; index < 8 && offset + index < text.size(); ++index) {
        const auto byte = static_cast<unsigned char>(text[offset + index]);
        word |= static_cast<std::uint64_t>(byte) << (8 * index);
    }
    return word;
}

void sip_rounds(Words& v, int count) noexcept {
    for (int round = 0; round < count; ++round) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = std::rotl(v[1], 13) ^ v[0];
        v[3] = std::rotl(v[3], 16) ^ v[2];
        v[0] = std::rotl(v[0], 32) + v[3];
        v[2] += v[1];
        v[1] = std::rotl(v[1], 17) ^ v[2];
        v[3] = std::rotl(v[3], 21) ^ v[0];
        v[2] = std::rotl(v[2], 32);
    }
}

void absorb(Words& v, std::uint64_t word) noexcept {
    v[3] ^= word;
    sip_rounds(v, 2);
    v[0] ^= word;
}

} // namespace

std::string keyed_hash(std::string_view key, std::string_view text) {
    const std::uint64_t key0 = load(key, 0);
    const std::uint64_t key1 = load(key.substr(0, 16), 8);
    Words v = {key0 ^ 0x736f6d6570736575ULL, key1 ^ 0x646f72616e646f6dULL,
               key0 ^ 0x6c7967656e657261ULL, key1 ^ 0x7465646279746573ULL};
    const std::size_t whole = text.size() / 8 * 8;
    for (std::size_t offset = 0; offset < whole; offset += 8) {
        absorb(v, load(text, offset));
    }
    absorb(v, load(text, whole) | static_cast<std::uint64_t>(text.size()) << 56U);
    v[2] ^= 0xffU;
    sip_rounds(v, 4);
    std::array<char, 17> digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx",
                  static_cast<unsigned long long>(v[0] ^ v[1] ^ v[2] ^ v[3]));
    return digits.data();
}

} // namespace penstock::config
