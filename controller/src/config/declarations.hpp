#pragma once

#include "config/evaluate.hpp"
#include "config/syntax.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace penstock::config {

/// One `options "database" { … }` and where it stands.
struct OptionsDeclaration {
    DatabaseOptions database;
    Position start;
};

/// What one file declares. Connections stay as they are written: their env() and file() are
/// resolved anew on every rescan.
struct Declarations {
    std::vector<Block> connections; ///< each with exactly one label
    std::vector<PluginInstance> plugins;
    std::vector<OptionsDeclaration> options;

    [[nodiscard]] bool is_empty() const noexcept {
        return connections.empty() && plugins.empty() && options.empty();
    }
};

/// Reads a document as declarations, or says what in it makes the whole file unusable: an unknown
/// block, a block without its label, a bad argument of a `plugin` or `options` block.
[[nodiscard]] std::variant<Declarations, ConfigError> declare(Document document,
                                                              const std::string& path);

/// A connection before it is known which instance runs it.
struct ConnectionDraft {
    Connection connection; ///< without plugin_instance and config_hash
    std::optional<std::string>
        instance_label; ///< of `plugin = plugin.label`; then no plugin is set
};

/// Reads one connection block. Whatever is wrong with it is in `connection.error`, never thrown.
[[nodiscard]] ConnectionDraft draft_connection(const Block& block, const std::string& path,
                                               const Outside& outside);

} // namespace penstock::config
