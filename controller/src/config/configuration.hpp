#pragma once

#include "penstock/types/config_value.hpp"
#include "penstock/types/error.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// What the user asked for, as typed values. Made by ConfigFolder; nothing here reads files.
namespace penstock::config {

/// A place in a configuration file; line and column count from 1, 0 = the whole file.
struct Position {
    std::string file; ///< path as given to ConfigFolder, joined with the file's name
    int line = 0;
    int column = 0;
    /// "connections.spc:3:5"; only the file's base name.
    [[nodiscard]] std::string to_text() const;
};

/// An error of the configuration and where it stands.
struct ConfigError {
    Error error;
    Position position;
};

enum class ConnectionType : std::uint8_t { kPlugin, kAggregator };
/// What a failing child does to a query of its aggregator: fail it, or only be missing from it.
enum class OnError : std::uint8_t { kFail, kPartial };
enum class ImportSchema : std::uint8_t { kEnabled, kLazy, kDisabled };

/// One `connection "name" { … }`.
struct Connection {
    std::string name;
    std::string plugin;          ///< the plugin's name: executable in the plugin folder
    std::string plugin_instance; ///< label of the `plugin` block, or the plugin's name
    ConnectionType type = ConnectionType::kPlugin;
    std::vector<std::string> patterns; ///< aggregators: `connections`, as written
    std::vector<std::string> children; ///< aggregators: names of those that match, in order
    OnError on_error = OnError::kFail; ///< aggregators
    ImportSchema import_schema = ImportSchema::kEnabled;
    Arguments arguments; ///< everything that is the plugin's; env() and file() already resolved
    std::map<std::string, Position> argument_positions;
    /// Arguments with a call of env() or file() in them: never to be shown, whatever the plugin
    /// says of them.
    std::set<std::string> outside_arguments;
    Position start; ///< of the block
    int end_line = 0;
    /// Hash over all of the above but the positions: 16 hexadecimal digits. Keyed
    /// (FolderSettings::hash_key), so it tells nothing about secrets among the arguments.
    std::string config_hash;
    /// Set when the connection cannot be used as written (bad name, no plugin, defined twice, bad
    /// reference): it goes to state `error`, its live schema stays as it is.
    std::optional<ConfigError> error;
    /// Aggregators: entries of `connections` that match nothing. It works all the same.
    std::vector<ConfigError> warnings;
};

/// One `plugin "label" { … }`, or the instance that a connection implies.
struct PluginInstance {
    std::string label;  ///< names the process, its socket and its FOREIGN SERVER
    std::string source; ///< the plugin's name; the label when not given
    std::optional<std::int64_t> memory_max_mb;
    std::int64_t cache_ttl_s = 0; ///< 0 = no cache
    std::int64_t cache_max_mb = 64;
    std::int64_t start_timeout_s = 30;
    std::int64_t hang_timeout_s = 30; ///< 0 = for ever
    Position start;                   ///< file empty for an implied one
};

/// `options "database" { … }`; absent = the default.
struct DatabaseOptions {
    std::optional<std::vector<std::string>> search_path;
    std::optional<std::vector<std::string>> search_path_prefix;
    /// Tables of `enabled` connections in all; those past it are imported as `lazy` ones are.
    std::int64_t lazy_above_tables = 50'000;
};

/// One file of the folder as it was last read.
struct File {
    std::string path;         ///< the folder's own when it cannot be listed
    std::string content_hash; ///< of the version in force; empty when there is none
    /// Not readable or not parsable: its last good version is in force. Or it defines something
    /// that is defined elsewhere too, or has a name that no row can have (empty, above 1,000
    /// bytes): then all of it but that is in force.
    std::optional<ConfigError> error;
    int connection_count = 0; ///< in the version in force
    /// Whether any version was read well since the service started. While this is false nobody
    /// knows what the file defines: connections that came from it must not be deleted.
    bool is_known = false;
};

/// Everything in force. A file that cannot be read or parsed contributes its last good version.
struct Configuration {
    std::map<std::string, Connection> connections;   ///< by name
    std::map<std::string, PluginInstance> instances; ///< by label; each that a connection uses
    DatabaseOptions database;
    std::vector<File> files; ///< by path
};

} // namespace penstock::config
