#include "config/block_types.hpp"

#include "penstock/types/utf8.hpp"

#include <algorithm>
#include <array>

namespace penstock::config {

namespace {

constexpr std::array<BlockType, 3> kBlockTypes = {{
    {"connection", "connection \"name\" { … }", R"({"connection": {"name": {"plugin": "…"}}})"},
    {"plugin", "plugin \"label\" { … }", R"({"plugin": {"label": {"source": "…"}}})"},
    {"options", "options \"database\" { … }",
     R"({"options": {"database": {"search_path": ["…"]}}})"},
}};

/// NAMEDATALEN - 1. Source: PostgreSQL's pg_config_manual.h.
constexpr std::size_t kMaxNameBytes = 63;

constexpr std::array<std::string_view, 3> kReservedNames = {"information_schema", "public",
                                                            "penstock"};

/// C0, DEL and, in UTF-8, C1. A line feed in a name has been a way into pg_dump's output.
bool has_control_character(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte < 0x20 || byte == 0x7F) {
            return true;
        }
        if (byte == 0xC2 && at + 1 < text.size() &&
            static_cast<unsigned char>(text[at + 1]) < 0xA0) {
            return true;
        }
    }
    return false;
}

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

constexpr bool is_lower(char c) noexcept {
    return c >= 'a' && c <= 'z';
}

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

} // namespace

const BlockType* find_block_type(std::string_view name) noexcept {
    const auto* const found =
        std::find_if(kBlockTypes.begin(), kBlockTypes.end(),
                     [&](const BlockType& type) { return type.name == name; });
    return found == kBlockTypes.end() ? nullptr : found;
}

std::string block_type_hint() {
    std::string hint = "The valid ones are: ";
    for (const BlockType& type : kBlockTypes) {
        hint += (&type == kBlockTypes.begin() ? "" : ", ") + std::string(type.name);
    }
    return hint + ".";
}

std::string check_connection_name(std::string_view name, std::string& hint) {
    hint =
        "The name becomes a PostgreSQL schema: lower case letters, digits and \"_\" need no quotes "
        "in SQL.";
    if (name.empty()) {
        return "connection name is empty";
    }
    if (!is_valid_text(name)) {
        return "connection name is not valid UTF-8";
    }
    if (has_control_character(name)) {
        return "connection name contains a control character";
    }
    if (name.size() > kMaxNameBytes) {
        hint =
            "PostgreSQL would cut it after 63 bytes, so two such names could become one; choose a "
            "shorter one.";
        // A whole page of name would bury what is said of it.
        const std::string shown = name.size() > 4 * kMaxNameBytes ? "" : quoted(name) + " ";
        return "connection name " + shown + "is " + std::to_string(name.size()) +
               " bytes long, more than 63";
    }
    if (name.starts_with("pg_")) {
        hint = "PostgreSQL keeps names that start with \"pg_\" for itself; choose another one.";
        return "connection name " + quoted(name) + " is reserved";
    }
    if (std::find(kReservedNames.begin(), kReservedNames.end(), name) != kReservedNames.end()) {
        hint =
            "The schemas \"information_schema\", \"public\" and \"penstock\" are not connections; "
            "choose another name.";
        return "connection name " + quoted(name) + " is reserved";
    }
    return {};
}

std::string check_instance_label(std::string_view label, std::string& hint) {
    hint = "It names a process and its socket: 1 to 63 letters of ASCII, digits, \"_\" and \"-\", "
           "starting with a letter.";
    const auto is_letter = [](char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); };
    const bool is_valid = !label.empty() && label.size() <= kMaxNameBytes && is_letter(label[0]) &&
                          !label.starts_with("pg_") &&
                          std::all_of(label.begin(), label.end(), [&](char c) {
                              return is_letter(c) || is_digit(c) || c == '_' || c == '-';
                          });
    return is_valid ? std::string() : "invalid plugin label " + quoted(label);
}

std::string check_plugin_name(std::string_view name, std::string& hint) {
    hint = "It is the name of an executable in the plugin folder: lower case letters, digits and "
           "\"_\", starting with a letter, such as \"csv\".";
    const bool is_valid = !name.empty() && name.size() <= kMaxNameBytes && is_lower(name[0]) &&
                          std::all_of(name.begin(), name.end(), [](char c) {
                              return is_lower(c) || is_digit(c) || c == '_';
                          });
    return is_valid ? std::string() : "invalid plugin name " + quoted(name);
}

} // namespace penstock::config
