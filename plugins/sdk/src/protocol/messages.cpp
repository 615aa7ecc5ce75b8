#include "penstock/protocol/messages.hpp"

#include "penstock/types/utf8.hpp"

#include <algorithm>

namespace penstock {

std::string replace_invalid_text(std::string text) {
    std::size_t valid = 0;
    while (true) {
        valid += find_invalid_utf8(std::string_view(text).substr(valid));
        if (valid >= text.size()) {
            return text;
        }
        text[valid++] = '?';
    }
}

void write_message(const Error& from, wire::ErrorMessage& to) {
    to.set_kind(static_cast<std::uint32_t>(from.kind));
    to.set_message(replace_invalid_text(from.message));
    to.set_detail(replace_invalid_text(from.detail));
    to.set_hint(replace_invalid_text(from.hint));
    to.set_sqlstate(replace_invalid_text(from.sqlstate));
    to.set_argument(replace_invalid_text(from.argument));
    to.set_retryable(from.retryable);
}

Error read_message(const wire::ErrorMessage& from) {
    Error error =
        Error::make(error_kind_from_wire(from.kind()), from.message(), from.detail(), from.hint());
    const auto is_state_character = [](char character) {
        return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z');
    };
    // Anything else in a SQLSTATE would be reported as garbage; the kind's own is better then.
    if (from.sqlstate().size() == 5 && from.sqlstate().compare(0, 2, "00") != 0 &&
        std::all_of(from.sqlstate().begin(), from.sqlstate().end(), is_state_character)) {
        error.sqlstate = from.sqlstate();
    }
    if (error.message.empty()) {
        error.message = "plugin failed without a message";
    }
    error.argument = from.argument();
    error.retryable = from.retryable();
    return error;
}

wire::Hello make_hello(const char* peer, std::uint32_t min_version) {
    wire::Hello hello;
    hello.set_magic(kProtocolMagic);
    hello.set_version(kProtocolVersion);
    hello.set_min_version(min_version);
    hello.set_peer(peer);
    return hello;
}

Result<std::uint32_t> agree_on_version(const wire::Hello& peer) {
    if (peer.magic() != kProtocolMagic) {
        return Error::make(ErrorKind::kProtocol, "peer does not speak Penstock's protocol");
    }
    const std::uint32_t version = std::min(peer.version(), kProtocolVersion);
    if (version < kMinProtocolVersion || version < peer.min_version()) {
        const auto range = [](std::uint32_t low, std::uint32_t high) {
            return std::to_string(low) + " to " + std::to_string(high);
        };
        return Error::make(ErrorKind::kProtocol, "no protocol version in common with the peer",
                           "We speak versions " + range(kMinProtocolVersion, kProtocolVersion) +
                               ", the peer speaks " + range(peer.min_version(), peer.version()) +
                               '.',
                           "Install plugins and server module of the same release.");
    }
    return version;
}

} // namespace penstock
