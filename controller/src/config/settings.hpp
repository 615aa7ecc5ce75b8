#pragma once

#include "penstock/types/config_value.hpp"
#include "penstock/types/error.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::config {

/// One argument that Penstock itself understands, of a block that becomes a T.
template <typename T>
struct Setting {
    std::string_view name;
    std::string_view expects; ///< completes the sentence "It takes …."
    /// Stores the value; false when it is of the wrong type or out of range.
    bool (*assign)(T& target, const ConfigValue& value);
};

/// Returns: nullptr when the table has none of that name.
template <typename T>
[[nodiscard]] const Setting<T>* find_setting(std::span<const Setting<T>> table,
                                             std::string_view name) {
    for (const Setting<T>& setting : table) {
        if (setting.name == name) {
            return &setting;
        }
    }
    return nullptr;
}

/// "The valid ones are: a, b."
template <typename T>
[[nodiscard]] std::string setting_hint(std::span<const Setting<T>> table) {
    std::string hint = "The valid ones are: ";
    for (const Setting<T>& setting : table) {
        hint += (&setting == &table.front() ? "" : ", ") + std::string(setting.name);
    }
    return hint + ".";
}

/// Stores a value, or says why not: `what` is the block, as in `plugin "csv"`.
template <typename T>
[[nodiscard]] std::optional<Error> apply_setting(const Setting<T>& setting, T& target,
                                                 const ConfigValue& value,
                                                 const std::string& what) {
    if (setting.assign(target, value)) {
        return std::nullopt;
    }
    const std::string name(setting.name);
    Error error = Error::make(ErrorKind::kOption, "invalid value for \"" + name + "\" in " + what,
                              {}, "It takes " + std::string(setting.expects) + ".");
    error.argument = name;
    return error;
}

/// A list of texts that are not empty; nothing when the value is something else.
[[nodiscard]] inline std::optional<std::vector<std::string>>
text_list_of(const ConfigValue& value) {
    const auto* const list = std::get_if<ConfigValue::List>(&value.value);
    if (list == nullptr) {
        return std::nullopt;
    }
    std::vector<std::string> texts;
    for (const ConfigValue& item : *list) {
        const auto* const text = std::get_if<std::string>(&item.value);
        if (text == nullptr || text->empty()) {
            return std::nullopt;
        }
        texts.push_back(*text);
    }
    return texts;
}

} // namespace penstock::config
