#include "config/declarations.hpp"

#include "config/block_types.hpp"
#include "config/settings.hpp"

#include <array>
#include <utility>

namespace penstock::config {

namespace {

constexpr std::int64_t kMaxMemoryMb = 1024LL * 1024; // 1 TiB, so that the product in bytes is safe
constexpr std::int64_t kMaxTimeoutS = 3600;
/// Thirty days; chosen: nobody means more.
constexpr std::int64_t kMaxCacheTtlS = 2'592'000;
constexpr std::int64_t kMaxTables = 10'000'000;

/// A whole number between two bounds, both included.
template <typename Target>
bool assign_whole(Target& target, const ConfigValue& value, std::int64_t low, std::int64_t high) {
    const auto* const number = std::get_if<std::int64_t>(&value.value);
    if (number == nullptr || *number < low || *number > high) {
        return false;
    }
    target = *number;
    return true;
}

std::string_view without_blanks(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// A list of names, or one text of names with commas between them.
std::optional<std::vector<std::string>> names_of(const ConfigValue& value) {
    const auto* const text = std::get_if<std::string>(&value.value);
    if (text == nullptr) {
        return text_list_of(value);
    }
    std::vector<std::string> names;
    for (std::string_view rest = *text; !without_blanks(rest).empty() || !names.empty();) {
        const std::size_t comma = rest.find(',');
        const std::string_view name = without_blanks(rest.substr(0, comma));
        if (name.empty()) {
            return std::nullopt;
        }
        names.emplace_back(name);
        if (comma == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(comma + 1);
    }
    return names;
}

bool assign_names(std::optional<std::vector<std::string>>& target, const ConfigValue& value) {
    target = names_of(value);
    return target.has_value();
}

constexpr std::array<Setting<PluginInstance>, 6> kPluginSettings = {{
    {"source", "the name of a plugin, such as \"csv\"",
     [](PluginInstance& plugin, const ConfigValue& value) {
         const auto* const text = std::get_if<std::string>(&value.value);
         plugin.source = text == nullptr ? std::string() : *text;
         return text != nullptr;
     }},
    {"cache_ttl", "a whole number of seconds from 0 to 2592000",
     [](PluginInstance& plugin, const ConfigValue& value) {
         return assign_whole(plugin.cache_ttl_s, value, 0, kMaxCacheTtlS);
     }},
    {"cache_max_mb", "a whole number of megabytes from 1 to 1048576",
     [](PluginInstance& plugin, const ConfigValue& value) {
         return assign_whole(plugin.cache_max_mb, value, 1, kMaxMemoryMb);
     }},
    {"memory_max_mb", "a whole number of megabytes from 16 to 1048576",
     [](PluginInstance& plugin, const ConfigValue& value) {
         return assign_whole(plugin.memory_max_mb, value, 16, kMaxMemoryMb);
     }},
    {"start_timeout", "a whole number of seconds from 1 to 3600",
     [](PluginInstance& plugin, const ConfigValue& value) {
         return assign_whole(plugin.start_timeout_s, value, 1, kMaxTimeoutS);
     }},
    {"hang_timeout", "a whole number of seconds from 0 to 3600",
     [](PluginInstance& plugin, const ConfigValue& value) {
         return assign_whole(plugin.hang_timeout_s, value, 0, kMaxTimeoutS);
     }},
}};

constexpr std::string_view kNames = "a list of names, or one text with commas between them";

constexpr std::array<Setting<DatabaseOptions>, 3> kDatabaseSettings = {{
    {"search_path", kNames,
     [](DatabaseOptions& options, const ConfigValue& value) {
         return assign_names(options.search_path, value);
     }},
    {"search_path_prefix", kNames,
     [](DatabaseOptions& options, const ConfigValue& value) {
         return assign_names(options.search_path_prefix, value);
     }},
    {"lazy_above_tables", "a whole number of tables from 0 to 10000000",
     [](DatabaseOptions& options, const ConfigValue& value) {
         return assign_whole(options.lazy_above_tables, value, 0, kMaxTables);
     }},
}};

/// What makes the whole file unusable, on its way to declare().
struct Unusable {
    ConfigError error;
};

class Declarer {
  public:
    explicit Declarer(const std::string& path) : path_(path) {}

    [[nodiscard]] Declarations run(Document document) {
        if (!document.attributes.empty()) {
            const Attribute& attribute = document.attributes.front();
            fail(attribute.start, "argument \"" + attribute.name + "\" stands outside of a block",
                 block_type_hint());
        }
        for (Block& block : document.blocks) {
            take(block);
        }
        return std::move(declarations_);
    }

  private:
    [[noreturn]] void fail(Mark mark, std::string message, std::string hint) const {
        throw Unusable{{Error::make(ErrorKind::kOption, std::move(message), {}, std::move(hint)),
                        position(mark)}};
    }

    [[nodiscard]] Position position(Mark mark) const {
        return {.file = path_, .line = mark.line, .column = mark.column};
    }

    void take(Block& block) {
        const BlockType* const type = find_block_type(block.type);
        if (type == nullptr) {
            fail(block.start, "unknown block \"" + block.type + "\"", block_type_hint());
        }
        if (block.labels.size() != 1) {
            fail(block.start, "block \"" + block.type + "\" needs exactly one name",
                 "Write " + std::string(type->hcl_example) + ".");
        }
        if (block.type == "connection") {
            declarations_.connections.push_back(std::move(block));
        } else if (block.type == "plugin") {
            take_plugin(block);
        } else {
            take_options(block);
        }
    }

    void take_plugin(const Block& block) {
        PluginInstance plugin;
        plugin.label = block.labels.front();
        plugin.start = position(block.start);
        std::string hint;
        if (std::string wrong = check_instance_label(plugin.label, hint); !wrong.empty()) {
            fail(block.start, std::move(wrong), std::move(hint));
        }
        apply<PluginInstance>(kPluginSettings, block, plugin);
        if (plugin.source.empty()) {
            plugin.source = plugin.label;
        }
        if (std::string wrong = check_plugin_name(plugin.source, hint); !wrong.empty()) {
            fail(mark_of(block, "source"), std::move(wrong), "Set \"source\". " + hint);
        }
        declarations_.plugins.push_back(std::move(plugin));
    }

    void take_options(const Block& block) {
        if (block.labels.front() != "database") {
            fail(block.start, "unknown options \"" + block.labels.front() + "\"",
                 "The valid ones are: database.");
        }
        OptionsDeclaration options;
        options.start = position(block.start);
        apply<DatabaseOptions>(kDatabaseSettings, block, options.database);
        declarations_.options.push_back(std::move(options));
    }

    template <typename T>
    void apply(std::span<const Setting<T>> table, const Block& block, T& target) const {
        const std::string what = block.type + " \"" + block.labels.front() + "\"";
        if (!block.blocks.empty()) {
            const Block& inner = block.blocks.front();
            fail(inner.start, "block \"" + inner.type + "\" is not allowed in " + what,
                 setting_hint(table));
        }
        for (const Attribute& attribute : block.attributes) {
            const Setting<T>* const setting = find_setting(table, attribute.name);
            if (setting == nullptr) {
                fail(attribute.start, "unknown argument \"" + attribute.name + "\" in " + what,
                     setting_hint(table));
            }
            if (!is_literal(attribute.value)) {
                fail(attribute.value.start,
                     "\"" + attribute.name + "\" in " + what + " must be written out",
                     "env(), file() and references are for connections.");
            }
            const Result<ConfigValue> value = evaluate(attribute.value, {});
            if (auto wrong = apply_setting(*setting, target, value.value(), what)) {
                throw Unusable{{*std::move(wrong), position(attribute.start)}};
            }
        }
    }

    [[nodiscard]] static Mark mark_of(const Block& block, std::string_view argument) {
        for (const Attribute& attribute : block.attributes) {
            if (attribute.name == argument) {
                return attribute.start;
            }
        }
        return block.start;
    }

    const std::string& path_;
    Declarations declarations_;
};

} // namespace

std::variant<Declarations, ConfigError> declare(Document document, const std::string& path) {
    try {
        return Declarer(path).run(std::move(document));
    } catch (Unusable& unusable) {
        return std::move(unusable.error);
    }
}

} // namespace penstock::config
