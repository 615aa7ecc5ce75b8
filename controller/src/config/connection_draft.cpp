#include "config/block_types.hpp"
#include "config/declarations.hpp"
#include "config/settings.hpp"

#include <array>
#include <utility>

namespace penstock::config {

namespace {

template <typename Choice, std::size_t count>
bool assign_choice(Choice& target, const ConfigValue& value,
                   const std::array<std::pair<std::string_view, Choice>, count>& choices) {
    const auto* const text = std::get_if<std::string>(&value.value);
    for (const auto& [name, choice] : choices) {
        if (text != nullptr && *text == name) {
            target = choice;
            return true;
        }
    }
    return false;
}

constexpr std::array<std::pair<std::string_view, ConnectionType>, 2> kTypes = {{
    {"plugin", ConnectionType::kPlugin},
    {"aggregator", ConnectionType::kAggregator},
}};

constexpr std::array<std::pair<std::string_view, OnError>, 2> kOnErrors = {{
    {"fail", OnError::kFail},
    {"partial", OnError::kPartial},
}};

constexpr std::array<std::pair<std::string_view, ImportSchema>, 3> kImportSchemas = {{
    {"enabled", ImportSchema::kEnabled},
    {"lazy", ImportSchema::kLazy},
    {"disabled", ImportSchema::kDisabled},
}};

/// The controller's own arguments of a connection, but for `plugin`, which may be a reference.
constexpr std::array<Setting<Connection>, 3> kConnectionSettings = {{
    {"type", "one of \"plugin\" and \"aggregator\"",
     [](Connection& connection, const ConfigValue& value) {
         return assign_choice(connection.type, value, kTypes);
     }},
    {"connections", "a list of connection names or patterns, such as [\"aws_*\"]",
     [](Connection& connection, const ConfigValue& value) {
         std::optional<std::vector<std::string>> names = text_list_of(value);
         connection.patterns = names.value_or(std::vector<std::string>{});
         return !connection.patterns.empty();
     }},
    {"import_schema", "one of \"enabled\", \"lazy\" and \"disabled\"",
     [](Connection& connection, const ConfigValue& value) {
         return assign_choice(connection.import_schema, value, kImportSchemas);
     }},
}};

/// Its own as well when it is an aggregator; of other connections, names like these are the
/// plugin's.
constexpr std::array<Setting<Connection>, 1> kAggregatorSettings = {{
    {"on_error", "one of \"fail\" and \"partial\"",
     [](Connection& connection, const ConfigValue& value) {
         return assign_choice(connection.on_error, value, kOnErrors);
     }},
}};

/// Fills a draft from its block. The first thing that is wrong becomes the connection's error; the
/// rest is read all the same, so that the row shows as much as is known.
class Drafter {
  public:
    Drafter(const Block& block, const std::string& path, const Outside& outside)
        : block_(block), path_(path), outside_(outside) {}

    [[nodiscard]] ConnectionDraft run() {
        Connection& connection = draft_.connection;
        connection.name = block_.labels.front();
        connection.start = position(block_.start);
        connection.end_line = block_.end_line;
        what_ = "connection \"" + connection.name + "\"";
        std::string hint;
        if (std::string wrong = check_connection_name(connection.name, hint); !wrong.empty()) {
            fail(block_.start, std::move(wrong), std::move(hint));
        }
        if (!block_.blocks.empty()) {
            const Block& inner = block_.blocks.front();
            fail(inner.start, "block \"" + inner.type + "\" is not allowed in " + what_,
                 "Write it as an argument: " + inner.type + " = { … }.");
        }
        for (const Attribute& attribute : block_.attributes) {
            take(attribute);
        }
        check_plugin_given();
        check_children();
        return std::move(draft_);
    }

  private:
    [[nodiscard]] Position position(Mark mark) const {
        return {.file = path_, .line = mark.line, .column = mark.column};
    }

    void fail(Mark mark, std::string message, std::string hint, std::string argument = {}) {
        Error error = Error::make(ErrorKind::kOption, std::move(message), {}, std::move(hint));
        error.argument = std::move(argument);
        fail(mark, std::move(error));
    }

    void fail(Mark mark, Error error) {
        if (!draft_.connection.error) {
            draft_.connection.error = ConfigError{std::move(error), position(mark)};
        }
    }

    void take(const Attribute& attribute) {
        Connection& connection = draft_.connection;
        connection.argument_positions.emplace(attribute.name, position(attribute.start));
        if (attribute.name == "plugin") {
            take_plugin(attribute);
            return;
        }
        Result<ConfigValue> value = evaluate(attribute.value, outside_);
        if (!value.ok()) {
            Error error = value.error();
            error.message += " (argument \"" + attribute.name + "\" of " + what_ + ")";
            error.argument = attribute.name;
            fail(attribute.start, std::move(error));
            return;
        }
        const Setting<Connection>* const setting =
            find_setting<Connection>(kConnectionSettings, attribute.name);
        if (setting == nullptr) {
            connection.arguments.emplace(attribute.name, std::move(value.value()));
            if (!is_literal(attribute.value)) {
                connection.outside_arguments.insert(attribute.name);
            }
        } else if (auto wrong = apply_setting(*setting, connection, value.value(), what_)) {
            fail(attribute.start, *std::move(wrong));
        }
    }

    void take_plugin(const Attribute& attribute) {
        has_plugin_ = true;
        if (const auto* reference = std::get_if<Reference>(&attribute.value.value)) {
            if (reference->path.size() == 2 && reference->path.front() == "plugin") {
                draft_.instance_label = reference->path.back();
                return;
            }
        }
        const auto* const name = std::get_if<std::string>(&attribute.value.value);
        if (name == nullptr) {
            fail(attribute.start, "invalid value for \"plugin\" in " + what_,
                 "It takes the name of a plugin in quotes, such as \"csv\", or plugin.label.",
                 "plugin");
            return;
        }
        std::string hint;
        if (std::string wrong = check_plugin_name(*name, hint); !wrong.empty()) {
            fail(attribute.start, wrong + " in " + what_, std::move(hint), "plugin");
        }
        draft_.connection.plugin = *name;
    }

    void check_plugin_given() {
        if (!has_plugin_) {
            fail(block_.start, what_ + " does not say which plugin it is of",
                 "Add a line such as: plugin = \"csv\".", "plugin");
        }
    }

    void check_children() {
        const Connection& connection = draft_.connection;
        const bool is_aggregator = connection.type == ConnectionType::kAggregator;
        const bool has_children = connection.argument_positions.contains("connections");
        if (is_aggregator && !has_children) {
            fail(block_.start, "aggregator \"" + connection.name + "\" has no \"connections\"",
                 "Add a list of connection names or patterns, such as connections = [\"aws_*\"].",
                 "connections");
        }
        if (!is_aggregator && has_children) {
            fail(block_.start, "\"connections\" is not allowed in " + what_,
                 "It is for aggregators: add type = \"aggregator\".", "connections");
        }
        if (is_aggregator) {
            take_aggregator_settings();
        }
    }

    /// After all the others, because `type` may stand behind them. An aggregator has no plugin
    /// arguments: its children have them.
    void take_aggregator_settings() {
        Connection& connection = draft_.connection;
        for (const auto& [name, value] : std::exchange(connection.arguments, {})) {
            const Position& place = connection.argument_positions.at(name);
            const Mark mark{.line = place.line, .column = place.column};
            const Setting<Connection>* const setting =
                find_setting<Connection>(kAggregatorSettings, name);
            if (setting == nullptr) {
                fail(mark, "argument \"" + name + "\" is not allowed in " + what_,
                     "It is an aggregator, which has plugin, type, connections, on_error and "
                     "import_schema; the rest are arguments of its connections.",
                     name);
            } else if (auto wrong = apply_setting(*setting, connection, value, what_)) {
                fail(mark, *std::move(wrong));
            }
        }
    }

    const Block& block_;
    const std::string& path_;
    const Outside& outside_;
    std::string what_;
    bool has_plugin_ = false;
    ConnectionDraft draft_;
};

} // namespace

ConnectionDraft draft_connection(const Block& block, const std::string& path,
                                 const Outside& outside) {
    return Drafter(block, path, outside).run();
}

} // namespace penstock::config
