#include "config/syntax.hpp"

#include "penstock/types/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace penstock::config {

std::string Position::to_text() const {
    std::string name = file.substr(file.rfind('/') + 1);
    if (line == 0) {
        return name;
    }
    if (column == 0) {
        return name + ":" + std::to_string(line);
    }
    return name + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Mark mark_of_offset(std::string_view text, std::size_t offset) noexcept {
    const std::string_view before = text.substr(0, offset);
    const std::size_t line_start = before.rfind('\n') + 1; // npos + 1 = 0
    std::string_view line = before.substr(line_start);
    if (line_start == 0 && line.starts_with("\xEF\xBB\xBF")) {
        line.remove_prefix(3);
    }
    const auto starts_character = [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    };
    return {.line = static_cast<int>(1 + std::count(before.begin(), before.end(), '\n')),
            .column =
                static_cast<int>(1 + std::count_if(line.begin(), line.end(), starts_character))};
}

std::optional<ConfigError> check_text(std::string_view text, const std::string& path) {
    const std::size_t offset = find_invalid_utf8(text);
    if (offset == text.size()) {
        return std::nullopt;
    }
    std::array<char, 8> byte{};
    std::snprintf(byte.data(), byte.size(), "0x%02x", static_cast<unsigned char>(text[offset]));
    const Mark mark = mark_of_offset(text, offset);
    return ConfigError{.error = Error::make(ErrorKind::kData,
                                            "invalid UTF-8: byte " + std::string(byte.data()), {},
                                            "Save the file as UTF-8 text without NUL bytes."),
                       .position = {.file = path, .line = mark.line, .column = mark.column}};
}

std::optional<std::string> utf8_of(std::uint32_t code_point) {
    const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point == 0 || is_surrogate || code_point > 0x10FFFF) {
        return std::nullopt;
    }
    const auto tail = [code_point](unsigned shift) {
        return static_cast<char>(0x80U | ((code_point >> shift) & 0x3FU));
    };
    if (code_point < 0x80) {
        return std::string{static_cast<char>(code_point)};
    }
    if (code_point < 0x800) {
        return std::string{static_cast<char>(0xC0U | (code_point >> 6U)), tail(0)};
    }
    if (code_point < 0x10000) {
        return std::string{static_cast<char>(0xE0U | (code_point >> 12U)), tail(6), tail(0)};
    }
    return std::string{static_cast<char>(0xF0U | (code_point >> 18U)), tail(12), tail(6), tail(0)};
}

} // namespace penstock::config
