#include "core/raisable.hpp"

#include "penstock/types/utf8.hpp"

#include <algorithm>
#include <string_view>

namespace penstock::core {

namespace {

constexpr std::size_t kMaxTextBytes = 8192;

bool is_sqlstate(std::string_view text) {
    const bool well_formed = text.size() == 5 && std::all_of(text.begin(), text.end(), [](char c) {
                                 return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
                             });
    // Classes 00, 01 and 02 are success, warning and no data: not errors.
    return well_formed && text.substr(0, 2) > "02";
}

} // namespace

std::string printable(std::string text) {
    if (text.size() > kMaxTextBytes) {
        text.resize(kMaxTextBytes);
    }
    for (std::size_t at = find_invalid_utf8(text); at < text.size();
         at += find_invalid_utf8(std::string_view(text).substr(at))) {
        text[at] = '?';
    }
    for (char& c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F) {
            c = '?';
        }
    }
    return text;
}

Error raisable(Error error) {
    error.message = printable(std::move(error.message));
    error.detail = printable(std::move(error.detail));
    error.hint = printable(std::move(error.hint));
    if (error.message.empty()) {
        error.message = "plugin reported an error without a message";
    }
    if (!is_sqlstate(error.sqlstate)) {
        error.sqlstate.clear();
    }
    return error;
}

} // namespace penstock::core
