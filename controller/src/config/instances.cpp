#include "config/instances.hpp"

#include "config/block_types.hpp"
#include "config/keyed_hash.hpp"

#include <bit>
#include <utility>
#include <vector>

namespace penstock::config {

namespace {

void fail(Connection& connection, std::string message, std::string hint) {
    if (connection.error) {
        return;
    }
    const auto place = connection.argument_positions.find("plugin");
    Error error = Error::make(ErrorKind::kOption, std::move(message), {}, std::move(hint));
    error.argument = "plugin";
    connection.error = ConfigError{std::move(error), place == connection.argument_positions.end()
                                                         ? connection.start
                                                         : place->second};
}

std::string listed(const std::vector<const PluginInstance*>& instances) {
    std::string text;
    for (const PluginInstance* instance : instances) {
        text += (text.empty() ? "plugin." : ", plugin.") + instance->label;
    }
    return text;
}

void use(Connection& connection, const PluginInstance& instance,
         std::map<std::string, PluginInstance>& used) {
    connection.plugin = instance.source;
    connection.plugin_instance = instance.label;
    used.emplace(instance.label, instance);
}

void resolve_label(Connection& connection, const std::string& label,
                   const std::map<std::string, PluginInstance>& declared,
                   std::map<std::string, PluginInstance>& used) {
    const auto found = declared.find(label);
    if (found != declared.end()) {
        use(connection, found->second, used);
        return;
    }
    std::vector<const PluginInstance*> all;
    all.reserve(declared.size());
    for (const auto& [name, instance] : declared) {
        all.push_back(&instance);
    }
    fail(connection, "there is no block plugin \"" + label + "\"",
         all.empty() ? "There is no plugin block at all; write the plugin's name in quotes to go "
                       "without."
                     : "The valid ones are: " + listed(all) + ".");
}

/// A canonical form in which different meanings never look alike: each part carries its length.
class Canonical {
  public:
    void add(std::string_view text) {
        bytes_ += std::to_string(text.size()) + ":";
        bytes_ += text;
    }

    void
    add(const ConfigValue& value) { // NOLINT(misc-no-recursion): depth is bounded by the parser
        bytes_ += static_cast<char>('a' + value.value.index());
        std::visit([this](const auto& inner) { add_inner(inner); }, value.value);
    }

    [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

  private:
    void add_inner(std::monostate /*null*/) {}
    void add_inner(bool value) { bytes_ += value ? '1' : '0'; }
    void add_inner(std::int64_t value) { add(std::string_view(std::to_string(value))); }
    void add_inner(double value) {
        add(std::string_view(std::to_string(std::bit_cast<std::uint64_t>(value))));
    }
    void add_inner(const std::string& value) { add(std::string_view(value)); }
    void add_inner(const ConfigValue::List& list) { // NOLINT(misc-no-recursion)
        bytes_ += std::to_string(list.size()) + ";";
        for (const ConfigValue& item : list) {
            add(item);
        }
    }
    void add_inner(const ConfigValue::Map& map) { // NOLINT(misc-no-recursion)
        bytes_ += std::to_string(map.size()) + ";";
        for (const auto& [key, item] : map) {
            add(std::string_view(key));
            add(item);
        }
    }

    std::string bytes_;
};

} // namespace

void resolve_instance(ConnectionDraft& draft, const std::map<std::string, PluginInstance>& declared,
                      std::map<std::string, PluginInstance>& used) {
    Connection& connection = draft.connection;
    if (draft.instance_label) {
        resolve_label(connection, *draft.instance_label, declared, used);
        return;
    }
    std::string hint;
    if (connection.plugin.empty() || !check_plugin_name(connection.plugin, hint).empty()) {
        return; // the draft has its error already
    }
    std::vector<const PluginInstance*> candidates;
    for (const auto& [label, instance] : declared) {
        if (instance.source == connection.plugin) {
            candidates.push_back(&instance);
        }
    }
    if (candidates.size() == 1) {
        use(connection, *candidates.front(), used);
    } else if (candidates.size() > 1) {
        fail(connection, "there are several plugin blocks for plugin \"" + connection.plugin + "\"",
             "Name one of them, without quotes: " + listed(candidates) + ".");
    } else if (declared.contains(connection.plugin)) {
        fail(connection,
             "the block plugin \"" + connection.plugin + "\" runs another plugin, \"" +
                 declared.at(connection.plugin).source + "\"",
             "Write plugin." + connection.plugin +
                 " without quotes to use it, or rename its label.");
    } else {
        PluginInstance implied;
        implied.label = connection.plugin;
        implied.source = connection.plugin;
        use(connection, implied, used);
    }
}

std::string config_hash(const Connection& connection,
                        const std::map<std::string, Connection>& connections,
                        std::string_view key) {
    Canonical canonical;
    canonical.add(std::string_view(connection.name));
    canonical.add(std::string_view(connection.plugin));
    canonical.add(std::string_view(connection.plugin_instance));
    canonical.add(std::string_view(std::to_string(static_cast<int>(connection.type))));
    canonical.add(std::string_view(std::to_string(static_cast<int>(connection.import_schema))));
    canonical.add(std::string_view(std::to_string(static_cast<int>(connection.on_error))));
    canonical.add(std::string_view(std::to_string(connection.children.size())));
    for (const std::string& child : connection.children) {
        const Connection& made_of = connections.at(child);
        const bool is_ours_alone = made_of.import_schema == ImportSchema::kDisabled;
        canonical.add(std::string_view(child));
        canonical.add(std::string_view(is_ours_alone ? made_of.config_hash : std::string()));
    }
    canonical.add(ConfigValue{connection.arguments});
    return keyed_hash(key, canonical.bytes());
}

} // namespace penstock::config
