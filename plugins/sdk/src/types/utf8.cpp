#include "penstock/types/utf8.hpp"

#include <array>

namespace penstock::utf8 {

namespace {

/// What a lead byte promises. The narrowed range of the second byte is what shuts out overlong
/// forms, surrogates and code points past U+10FFFF. Source: Unicode 15, table 3-7.
struct Lead {
    std::uint8_t length; ///< of the whole character; 0 = no character begins so
    std::uint8_t second_min;
    std::uint8_t second_max;
};

constexpr Lead lead_of(unsigned byte) {
    if (byte >= 0x01 && byte <= 0x7F) {
        return {1, 0, 0};
    }
    if (byte >= 0xC2 && byte <= 0xDF) {
        return {2, 0x80, 0xBF};
    }
    if (byte >= 0xE0 && byte <= 0xEF) {
        const auto min = static_cast<std::uint8_t>(byte == 0xE0 ? 0xA0 : 0x80);
        const auto max = static_cast<std::uint8_t>(byte == 0xED ? 0x9F : 0xBF);
        return {3, min, max};
    }
    if (byte >= 0xF0 && byte <= 0xF4) {
        const auto min = static_cast<std::uint8_t>(byte == 0xF0 ? 0x90 : 0x80);
        const auto max = static_cast<std::uint8_t>(byte == 0xF4 ? 0x8F : 0xBF);
        return {4, min, max};
    }
    return {0, 0, 0};
}

constexpr std::array<Lead, 256> make_leads() {
    std::array<Lead, 256> leads{};
    for (unsigned byte = 0; byte < leads.size(); ++byte) {
        leads[byte] = lead_of(byte);
    }
    return leads;
}

constexpr std::array<Lead, 256> kLeads = make_leads();

/// Length of the character that begins at `at`; 0 when it is not one.
std::size_t character_length(std::string_view text, std::size_t at) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
    const Lead lead = kLeads[byte(0)];
    if (lead.length <= 1) {
        return lead.length;
    }
    if (text.size() - at < lead.length || byte(1) < lead.second_min || byte(1) > lead.second_max) {
        return 0;
    }
    for (std::size_t i = 2; i < lead.length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) {
            return 0;
        }
    }
    return lead.length;
}

} // namespace

std::size_t find_invalid_from(std::string_view text, std::size_t start) noexcept {
    std::size_t at = start;
    while (at < text.size()) {
        if (text.size() - at >= 8 && is_ascii_word(load_word(text.data() + at))) {
            at += 8;
            continue;
        }
        const std::size_t length = character_length(text, at);
        if (length == 0) {
            return at;
        }
        at += length;
    }
    return at;
}

} // namespace penstock::utf8
