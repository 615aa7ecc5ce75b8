#pragma once

#include "config/declarations.hpp"

#include <map>
#include <string>
#include <string_view>

namespace penstock::config {

/// Finds the instance that runs a connection and puts it into `used`.
///
/// `plugin = plugin.label`: that block. `plugin = "name"`: the one block of that plugin; without
/// any, an implied instance labelled with the plugin's name. Anything else becomes the draft's
/// error, unless it has one: no such block, or several to choose from. A connection in error keeps
/// its instance as far as it can be told, because its live schema can still be read.
void resolve_instance(ConnectionDraft& draft, const std::map<std::string, PluginInstance>& declared,
                      std::map<std::string, PluginInstance>& used);

/// Hash over what the connection means: all of it but positions and error. Of an aggregator, its
/// children instead of their patterns, and the hashes of those that nobody else asks for their
/// tables (import_schema = "disabled"); they must be there already.
[[nodiscard]] std::string config_hash(const Connection& connection,
                                      const std::map<std::string, Connection>& connections,
                                      std::string_view key);

} // namespace penstock::config
