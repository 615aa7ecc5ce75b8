#include "csv/bad_row.hpp"

#include "penstock/plugin/jsonb.hpp"
#include "penstock/types/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace penstock::csv {

namespace {

/// More of a value than this does not help to find it.
constexpr std::size_t kMaxShownBytes = 100;

std::string place_text(const FieldPlace& place) {
    std::string text = "File \"" + place.path + "\", line " + std::to_string(place.line);
    if (place.column != 0) {
        text += ", column " + std::to_string(place.column);
    }
    return text + ".";
}

Error data_error(std::string message, const FieldPlace& place, std::string hint,
                 const char* sqlstate) {
    Error error =
        Error::make(ErrorKind::kData, std::move(message), place_text(place), std::move(hint));
    error.sqlstate = sqlstate;
    return error;
}

std::string hex_byte(char byte) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%02x", static_cast<unsigned char>(byte));
    return text.data();
}

bool is_plain_name(std::string_view name) {
    return std::all_of(name.begin(), name.end(), [](char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
               (byte >= '0' && byte <= '9');
    });
}

/// As the key of a map in a configuration file.
std::string key_text(const std::string& name) {
    if (is_plain_name(name) && !name.empty() && (name[0] < '0' || name[0] > '9')) {
        return name;
    }
    std::string quoted = "\"";
    for (const char byte : name) {
        quoted += byte == '"' || byte == '\\' ? "\\" + std::string(1, byte) : std::string(1, byte);
    }
    return quoted + "\"";
}

constexpr const char* kSkipHint =
    "Set on_error = \"skip\" in the connection to leave such rows out.";

} // namespace

std::string printable(std::string_view text) {
    const bool is_cut = text.size() > kMaxShownBytes;
    std::string_view rest = text.substr(0, kMaxShownBytes);
    if (is_cut) { // not in the middle of a character
        const std::size_t good = find_invalid_utf8(rest);
        rest = rest.size() - good < 4 ? rest.substr(0, good) : rest;
    }
    const bool is_valid = is_valid_text(rest);
    std::string out;
    for (const char byte : rest) {
        const bool is_control = static_cast<unsigned char>(byte) < ' ';
        const bool is_broken = !is_valid && static_cast<unsigned char>(byte) >= 0x80;
        out += is_control || is_broken ? "\\x" + hex_byte(byte) : std::string(1, byte);
    }
    return is_cut ? out + "..." : out;
}

Error shape_error(const FieldPlace& place, std::uint32_t fields, std::uint32_t expected) {
    const bool is_short = fields < expected;
    return data_error(std::string("row has too ") + (is_short ? "few" : "many") + " fields: " +
                          std::to_string(fields) + " instead of " + std::to_string(expected),
                      place,
                      is_short ? "Set missing_fields = \"null\" in the connection if the last "
                                 "fields of a row may be left out, or on_error = \"skip\" to leave "
                                 "such rows out."
                               : std::string("Is the delimiter right? ") + kSkipHint,
                      "22P04");
}

Error stray_error(const FieldPlace& place) {
    return data_error("unexpected text after the closing quote of a field", place,
                      std::string("A quote inside a quoted field is written twice. ") + kSkipHint,
                      "22P04");
}

Error value_error(const FieldPlace& place, std::string_view text, TypeId type) {
    const std::string type_name(find_type(type)->sql_name);
    Error error =
        data_error("invalid value \"" + printable(text) + "\" for column \"" + place.name +
                       "\" of type " + type_name,
                   place,
                   "Set all_text = true, or columns = { " + key_text(place.name) +
                       " = \"text\" }, in the connection; on_error = \"skip\" leaves such rows "
                       "out.",
                   "22P02");
    if (type == TypeId::kJsonb) {
        DataArea unused;
        const auto converted = append_jsonb(unused, text);
        error.sqlstate = sqlstate_of(converted.error());
        error.detail = converted.error().detail + " " + error.detail;
    }
    return error;
}

Error encoding_error(const FieldPlace& place, std::string_view text) {
    const std::size_t at = find_invalid_utf8(text);
    const std::string byte = at < text.size() ? hex_byte(text[at]) : "";
    const bool is_nul = at < text.size() && text[at] == '\0';
    return data_error("invalid byte sequence for encoding \"UTF8\" in column \"" + place.name +
                          "\": 0x" + byte,
                      place,
                      is_nul ? "PostgreSQL cannot store a NUL byte in text."
                             : "Convert the file to UTF-8, for instance by iconv -f LATIN1 -t "
                               "UTF-8.",
                      "22021");
}

} // namespace penstock::csv
