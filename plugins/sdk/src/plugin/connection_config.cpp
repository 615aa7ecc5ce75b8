#include "penstock/plugin/plugin.hpp"

#include <algorithm>

namespace penstock {

namespace {

Error refuse(const std::string& argument, std::string message, std::string detail = {},
             std::string hint = {}) {
    Error error =
        Error::make(ErrorKind::kOption, std::move(message), std::move(detail), std::move(hint));
    error.argument = argument;
    return error;
}

/// `a, b, c`
std::string join(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += text.empty() ? "" : ", ";
        text += word;
    }
    return text;
}

std::string list_arguments(const std::vector<ArgumentSpec>& specs) {
    if (specs.empty()) {
        return "This plugin takes no arguments.";
    }
    std::vector<std::string> names;
    names.reserve(specs.size());
    for (const ArgumentSpec& spec : specs) {
        names.push_back(spec.name);
    }
    return "Valid arguments are: " + join(names) + '.';
}

template <typename T>
bool holds(const ConfigValue& value) {
    return std::holds_alternative<T>(value.value);
}

bool is_list_of_strings(const ConfigValue& value) {
    const auto* list = std::get_if<ConfigValue::List>(&value.value);
    return list != nullptr && std::all_of(list->begin(), list->end(), holds<std::string>);
}

bool is_map_of_strings(const ConfigValue& value) {
    const auto* map = std::get_if<ConfigValue::Map>(&value.value);
    return map != nullptr && std::all_of(map->begin(), map->end(), [](const auto& entry) {
               return holds<std::string>(entry.second);
           });
}

/// What each kind takes, and how to say so.
struct KindRule {
    ArgumentKind kind;
    const char* name;
    bool (*accepts)(const ConfigValue& value);
};

constexpr KindRule kKindRules[] = {
    {ArgumentKind::kString, "a string", holds<std::string>},
    {ArgumentKind::kInteger, "a whole number", holds<std::int64_t>},
    {ArgumentKind::kNumber, "a number",
     [](const ConfigValue& value) { return holds<std::int64_t>(value) || holds<double>(value); }},
    {ArgumentKind::kBoolean, "true or false", holds<bool>},
    {ArgumentKind::kStringList, "a list of strings",
     [](const ConfigValue& value) {
         return holds<std::string>(value) || is_list_of_strings(value);
     }},
    {ArgumentKind::kMap, "a map of strings", is_map_of_strings},
};

Status check_choice(const ArgumentSpec& spec, const ConfigValue& value) {
    const auto* text = std::get_if<std::string>(&value.value);
    if (text == nullptr || spec.choices.empty() ||
        std::find(spec.choices.begin(), spec.choices.end(), *text) != spec.choices.end()) {
        return {};
    }
    // A secret's value stays out of messages even when it is wrong.
    const std::string shown = spec.is_secret ? "" : " \"" + *text + '"';
    return refuse(spec.name, "invalid value" + shown + " for argument \"" + spec.name + '"', {},
                  "Valid values are: " + join(spec.choices) + '.');
}

/// What the argument is for, as a hint.
std::string describe(const ArgumentSpec& spec) {
    return "Argument \"" + spec.name + "\": " + spec.description;
}

Status check_value(const ArgumentSpec& spec, const ConfigValue& value) {
    const auto* rule = std::find_if(std::begin(kKindRules), std::end(kKindRules),
                                    [&](const KindRule& entry) { return entry.kind == spec.kind; });
    if (rule == std::end(kKindRules) || !rule->accepts(value)) {
        return refuse(spec.name,
                      "argument \"" + spec.name + "\" must be " +
                          (rule == std::end(kKindRules) ? "of another kind" : rule->name),
                      {}, describe(spec));
    }
    const auto* list = std::get_if<ConfigValue::List>(&value.value);
    if (list == nullptr) {
        return check_choice(spec, value);
    }
    for (const ConfigValue& entry : *list) {
        Status status = check_choice(spec, entry);
        if (!status) {
            return status;
        }
    }
    return {};
}

const ConfigValue* find(const Arguments& arguments, const std::string& name) {
    const auto found = arguments.find(name);
    const bool has_value =
        found != arguments.end() && !std::holds_alternative<std::monostate>(found->second.value);
    return has_value ? &found->second : nullptr;
}

template <typename T>
std::optional<T> get(const Arguments& arguments, const std::string& name) {
    const ConfigValue* value = find(arguments, name);
    const T* typed = value != nullptr ? std::get_if<T>(&value->value) : nullptr;
    return typed != nullptr ? std::optional<T>(*typed) : std::nullopt;
}

} // namespace

Status check_arguments(const std::vector<ArgumentSpec>& specs, const Arguments& arguments) {
    for (const auto& [name, value] : arguments) {
        const auto spec = std::find_if(specs.begin(), specs.end(), [&](const ArgumentSpec& entry) {
            return entry.name == name;
        });
        if (spec == specs.end()) {
            return refuse(name, "unknown argument \"" + name + '"', {}, list_arguments(specs));
        }
        if (find(arguments, name) == nullptr) {
            continue; // null means: not given
        }
        Status status = check_value(*spec, value);
        if (!status) {
            return status;
        }
    }
    for (const ArgumentSpec& spec : specs) {
        if (spec.is_required && find(arguments, spec.name) == nullptr) {
            return refuse(spec.name, "missing argument \"" + spec.name + '"', {}, describe(spec));
        }
    }
    return {};
}

ConnectionConfig::ConnectionConfig(std::string name, Arguments arguments)
    : name_(std::move(name)), arguments_(std::move(arguments)) {}

bool ConnectionConfig::has(const std::string& argument) const {
    return find(arguments_, argument) != nullptr;
}

std::optional<std::string> ConnectionConfig::text(const std::string& argument) const {
    return get<std::string>(arguments_, argument);
}

std::optional<std::int64_t> ConnectionConfig::integer(const std::string& argument) const {
    return get<std::int64_t>(arguments_, argument);
}

std::optional<double> ConnectionConfig::number(const std::string& argument) const {
    if (const auto whole = integer(argument)) {
        return static_cast<double>(*whole);
    }
    return get<double>(arguments_, argument);
}

std::optional<bool> ConnectionConfig::boolean(const std::string& argument) const {
    return get<bool>(arguments_, argument);
}

std::vector<std::string> ConnectionConfig::text_list(const std::string& argument) const {
    const ConfigValue* value = find(arguments_, argument);
    if (value == nullptr) {
        return {};
    }
    if (const auto* single = std::get_if<std::string>(&value->value)) {
        return {*single};
    }
    std::vector<std::string> texts;
    if (const auto* list = std::get_if<ConfigValue::List>(&value->value)) {
        for (const ConfigValue& entry : *list) {
            texts.push_back(std::get<std::string>(entry.value));
        }
    }
    return texts;
}

std::map<std::string, std::string> ConnectionConfig::text_map(const std::string& argument) const {
    const ConfigValue* value = find(arguments_, argument);
    std::map<std::string, std::string> texts;
    const auto* map = value != nullptr ? std::get_if<ConfigValue::Map>(&value->value) : nullptr;
    if (map != nullptr) {
        for (const auto& [name, entry] : *map) {
            texts.emplace(name, std::get<std::string>(entry.value));
        }
    }
    return texts;
}

} // namespace penstock
