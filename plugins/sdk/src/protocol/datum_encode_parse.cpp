#include "penstock/protocol/datum_encode.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <optional>

namespace penstock {

namespace {

Error bad_syntax(const char* type, std::string_view text) {
    constexpr std::size_t kShownBytes = 64;
    std::string shown;
    for (const char c : text.substr(0, kShownBytes)) {
        // Bytes of unknown encoding must not get into a message.
        shown.push_back(c >= ' ' && c <= '~' ? c : '?');
    }
    Error error = Error::make(ErrorKind::kData, std::string("invalid input syntax for type ") +
                                                    type + ": \"" + shown + "\"");
    error.sqlstate = "22P02";
    return error;
}

/// "24" → 24; nothing when it is not a plain number up to `max`.
std::optional<std::uint8_t> parse_bits(std::string_view text, unsigned max) {
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
    if (error != std::errc{} || end != text.data() + text.size() || bits > max) {
        return std::nullopt;
    }
    return static_cast<std::uint8_t>(bits);
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

Result<Inet> parse_inet(std::string_view text) {
    constexpr std::size_t kMaxAddressBytes = INET6_ADDRSTRLEN;
    const std::size_t slash = text.find('/');
    const std::string_view address = text.substr(0, slash);
    if (address.size() >= kMaxAddressBytes) {
        return bad_syntax("inet", text);
    }
    // inet_pton wants a terminator; what follows a NUL byte inside would escape it.
    std::array<char, kMaxAddressBytes> terminated{};
    address.copy(terminated.data(), address.size());
    Inet inet;
    inet.is_v6 = address.find(':') != std::string_view::npos;
    const unsigned max_bits = inet.is_v6 ? 128 : 32;
    inet.bits = static_cast<std::uint8_t>(max_bits);
    if (address.find('\0') != std::string_view::npos ||
        inet_pton(inet.is_v6 ? AF_INET6 : AF_INET, terminated.data(), inet.bytes.data()) != 1) {
        return bad_syntax("inet", text);
    }
    if (slash != std::string_view::npos) {
        const auto bits = parse_bits(text.substr(slash + 1), max_bits);
        if (!bits) {
            return bad_syntax("inet", text);
        }
        inet.bits = *bits;
    }
    return inet;
}

Result<Uuid> parse_uuid(std::string_view text) {
    std::string_view rest = text;
    if (rest.size() >= 2 && rest.front() == '{' && rest.back() == '}') {
        rest = rest.substr(1, rest.size() - 2);
    }
    Uuid uuid;
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
        if (i != 0 && i % 2 == 0 && !rest.empty() && rest.front() == '-') {
            rest.remove_prefix(1);
        }
        if (rest.size() < 2) {
            return bad_syntax("uuid", text);
        }
        const int high = hex_value(rest[0]);
        const int low = hex_value(rest[1]);
        if (high < 0 || low < 0) {
            return bad_syntax("uuid", text);
        }
        uuid.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
        rest.remove_prefix(2);
    }
    if (!rest.empty()) {
        return bad_syntax("uuid", text);
    }
    return uuid;
}

} // namespace penstock
