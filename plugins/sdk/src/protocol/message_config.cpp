#include "penstock/protocol/messages.hpp"

namespace penstock {

namespace {

struct Writer {
    wire::ConfigValue& to;
    void operator()(std::monostate /*unused*/) const { to.clear_kind(); }
    void operator()(bool value) const { to.set_boolean(value); }
    void operator()(std::int64_t value) const { to.set_integer(value); }
    void operator()(double value) const { to.set_number(value); }
    void operator()(const std::string& value) const { to.set_text(value); }
    void operator()(const ConfigValue::List& values) const {
        wire::ConfigList& list = *to.mutable_list();
        for (const ConfigValue& value : values) {
            write_message(value, *list.add_values());
        }
    }
    void operator()(const ConfigValue::Map& values) const {
        auto& map = *to.mutable_map()->mutable_values();
        for (const auto& [name, value] : values) {
            write_message(value, map[name]);
        }
    }
};

ConfigValue read_list(const wire::ConfigList& from) {
    ConfigValue::List values;
    values.reserve(static_cast<std::size_t>(from.values_size()));
    for (const wire::ConfigValue& value : from.values()) {
        values.push_back(read_message(value));
    }
    return {std::move(values)};
}

ConfigValue read_map(const wire::ConfigMap& from) {
    ConfigValue::Map values;
    for (const auto& [name, value] : from.values()) {
        values.emplace(name, read_message(value));
    }
    return {std::move(values)};
}

/// A number that is not known reads as a string: the value is checked where it is used.
ArgumentKind argument_kind_from_wire(std::uint32_t number) {
    const auto last = static_cast<std::uint32_t>(ArgumentKind::kMap);
    return number >= 1 && number <= last ? static_cast<ArgumentKind>(number)
                                         : ArgumentKind::kString;
}

} // namespace

void write_message(const ConfigValue& from, wire::ConfigValue& to) {
    std::visit(Writer{to}, from.value);
}

/// The depth is bounded by the parser of the message, which refuses more than 100 levels.
ConfigValue read_message(const wire::ConfigValue& from) {
    switch (from.kind_case()) {
    case wire::ConfigValue::kBoolean:
        return {from.boolean()};
    case wire::ConfigValue::kInteger:
        return {std::int64_t{from.integer()}};
    case wire::ConfigValue::kNumber:
        return {from.number()};
    case wire::ConfigValue::kText:
        return {from.text()};
    case wire::ConfigValue::kList:
        return read_list(from.list());
    case wire::ConfigValue::kMap:
        return read_map(from.map());
    case wire::ConfigValue::KIND_NOT_SET:
        break;
    }
    return {};
}

void write_message(const ArgumentSpec& from, wire::ArgumentSpec& to) {
    to.set_name(from.name);
    to.set_kind(static_cast<std::uint32_t>(from.kind));
    to.set_is_required(from.is_required);
    to.set_default_text(from.default_text);
    to.set_description(from.description);
    to.set_is_secret(from.is_secret);
    to.mutable_choices()->Assign(from.choices.begin(), from.choices.end());
}

ArgumentSpec read_message(const wire::ArgumentSpec& from) {
    ArgumentSpec spec;
    spec.name = from.name();
    spec.kind = argument_kind_from_wire(from.kind());
    spec.is_required = from.is_required();
    spec.default_text = from.default_text();
    spec.description = from.description();
    spec.is_secret = from.is_secret();
    spec.choices.assign(from.choices().begin(), from.choices().end());
    return spec;
}

} // namespace penstock
