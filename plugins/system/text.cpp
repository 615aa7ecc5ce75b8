#include "system/text.hpp"

#include "penstock/types/error.hpp"
#include "penstock/types/utf8.hpp"
#include "system/unique_fd.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace penstock::system {

bool read_all(int fd, std::string& out) {
    std::array<char, 16384> buffer;
    for (;;) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got == 0) {
            return true;
        }
        if (got > 0) {
            out.append(buffer.data(), static_cast<std::size_t>(got));
        } else if (errno != EINTR) {
            return false;
        }
    }
}

std::optional<std::string> try_read_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    if (!fd || !read_all(fd.get(), text)) {
        return std::nullopt;
    }
    return text;
}

std::string read_file(const std::string& path, const std::string& hint) {
    std::optional<std::string> text = try_read_file(path);
    if (!text) {
        throw_errno(errno, "read", path, hint);
    }
    return *std::move(text);
}

void throw_errno(int error, const char* what, const std::string& path, const std::string& hint) {
    const bool is_denied = error == EACCES || error == EPERM;
    throw Exception(is_denied ? ErrorKind::kPermission : ErrorKind::kUnavailable,
                    "could not " + std::string(what) + " \"" + printable(path) +
                        "\": " + std::generic_category().message(error),
                    {}, hint);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
        if (text.empty()) {
            parts.push_back(text);
        }
    }
    return parts;
}

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> found;
    std::size_t at = 0;
    while ((at = text.find_first_not_of(" \t", at)) != std::string_view::npos) {
        const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
        found.push_back(text.substr(at, end - at));
        at = end;
    }
    return found;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::optional<std::int64_t> to_integer(std::string_view text, int base) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

std::optional<double> to_double(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

std::optional<std::string_view> find_field(std::string_view text, std::string_view key,
                                           char separator) {
    for (const std::string_view line : split(text, '\n')) {
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == separator) {
            return trim(line.substr(key.size() + 1));
        }
    }
    return std::nullopt;
}

std::string printable(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (;;) {
        const std::size_t bad = find_invalid_utf8(text);
        out.append(text.substr(0, bad));
        if (bad == text.size()) {
            return out;
        }
        const auto byte = static_cast<unsigned char>(text[bad]);
        out += "\\x";
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
        text.remove_prefix(bad + 1);
    }
}

Value text_or_null(std::string_view text) {
    return text.empty() ? Value() : Value(printable(text));
}

} // namespace penstock::system
