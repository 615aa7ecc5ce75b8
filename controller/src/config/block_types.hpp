#pragma once

#include <string>
#include <string_view>

namespace penstock::config {

/// A kind of block that a file may hold. Each takes exactly one label.
struct BlockType {
    std::string_view name;
    std::string_view hcl_example;  ///< for hints
    std::string_view json_example; ///< for hints
};

/// Returns: nullptr when there is none of that name.
[[nodiscard]] const BlockType* find_block_type(std::string_view name) noexcept;

/// "The valid ones are: connection, plugin, options."
[[nodiscard]] std::string block_type_hint();

/// Whether it is safe and valid as a connection's name, which becomes a schema's name.
/// Returns: "" when it is, else the reason as a primary message; `hint` gets the rule.
[[nodiscard]] std::string check_connection_name(std::string_view name, std::string& hint);

/// The same for the label of a plugin instance, which also names a process and its socket: letters
/// of ASCII, digits, "_" and "-", at most 63.
[[nodiscard]] std::string check_instance_label(std::string_view label, std::string& hint);

/// The same for the name of a plugin, an executable in the plugin folder: [a-z][a-z0-9_]*.
[[nodiscard]] std::string check_plugin_name(std::string_view name, std::string& hint);

} // namespace penstock::config
