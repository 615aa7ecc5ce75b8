#include "json_string.hpp"

#include <array>

namespace penstock {

namespace {

/// What stands for `\` and a letter; 0 = no such escape.
constexpr std::array<char, 128> make_escapes() {
    std::array<char, 128> escapes{};
    escapes['"'] = '"';
    escapes['\\'] = '\\';
    escapes['/'] = '/';
    escapes['b'] = '\b';
    escapes['f'] = '\f';
    escapes['n'] = '\n';
    escapes['r'] = '\r';
    escapes['t'] = '\t';
    return escapes;
}
constexpr std::array<char, 128> kEscapes = make_escapes();

constexpr std::uint32_t kNoHex = 0xFFFFFFFF;

std::uint32_t hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return static_cast<std::uint32_t>(c - '0');
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? static_cast<std::uint32_t>(lower - 'a' + 10) : kNoHex;
}

/// Four hexadecimal digits, or kNoHex.
std::uint32_t read_hex4(const char* at) noexcept {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        const std::uint32_t digit = hex_digit(at[i]);
        if (digit == kNoHex) {
            return kNoHex;
        }
        value = value << 4U | digit;
    }
    return value;
}

bool is_high_surrogate(std::uint32_t code) noexcept {
    return code >= 0xD800 && code <= 0xDBFF;
}
bool is_low_surrogate(std::uint32_t code) noexcept {
    return code >= 0xDC00 && code <= 0xDFFF;
}

char* write_utf8(std::uint32_t code, char* to) noexcept {
    const auto put = [&to](std::uint32_t byte) { *to++ = static_cast<char>(byte); };
    const auto put_rest = [&](unsigned shift) { put(0x80U | (code >> shift & 0x3FU)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | code >> 6U);
        put_rest(0);
    } else if (code < 0x10000) {
        put(0xE0U | code >> 12U);
        put_rest(6);
        put_rest(0);
    } else {
        put(0xF0U | code >> 18U);
        put_rest(12);
        put_rest(6);
        put_rest(0);
    }
    return to;
}

/// Reads what follows `\u` at `from` and writes it to `to`; both move on.
JsonFault unescape_code(char*& from, char*& to) noexcept {
    std::uint32_t code = read_hex4(from);
    if (code == kNoHex) {
        return JsonFault::kHex;
    }
    if (code == 0) {
        return JsonFault::kNul;
    }
    if (is_low_surrogate(code)) {
        return JsonFault::kSurrogate;
    }
    from += 4;
    if (is_high_surrogate(code)) {
        if (from[0] != '\\' || from[1] != 'u') {
            return JsonFault::kSurrogate;
        }
        const std::uint32_t low = read_hex4(from + 2);
        if (!is_low_surrogate(low)) {
            return low == kNoHex ? JsonFault::kHex : JsonFault::kSurrogate;
        }
        code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
        from += 6;
    }
    to = write_utf8(code, to);
    return JsonFault::kNone;
}

/// Reads what follows a backslash.
JsonFault unescape_one(char*& from, char*& to) noexcept {
    if (*from == 'u') {
        ++from;
        return unescape_code(from, to);
    }
    const auto letter = static_cast<unsigned char>(*from);
    const char escaped = letter < kEscapes.size() ? kEscapes[letter] : '\0';
    if (escaped == '\0') {
        return JsonFault::kEscape;
    }
    *to++ = escaped;
    ++from;
    return JsonFault::kNone;
}

} // namespace

UnescapedString unescape_string(char* at) noexcept {
    char* to = at;
    while (*at != '"') {
        if (*at != '\\') {
            return {to, at, JsonFault::kControl};
        }
        ++at;
        const JsonFault fault = unescape_one(at, to);
        if (fault != JsonFault::kNone) {
            return {to, at, fault};
        }
        char* const stop = find_string_stop(at);
        std::memmove(to, at, static_cast<std::size_t>(stop - at));
        to += stop - at;
        at = stop;
    }
    return {to, at + 1, JsonFault::kNone};
}

} // namespace penstock
