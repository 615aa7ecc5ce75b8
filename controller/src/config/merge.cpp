#include "config/merge.hpp"

#include "config/block_types.hpp"
#include "config/children.hpp"
#include "config/instances.hpp"
#include "penstock/types/utf8.hpp"

#include <algorithm>
#include <utility>

namespace penstock::config {

namespace {

/// One definition of a name: where, and what. T outlives the merge.
template <typename T>
struct Definition {
    const std::string* path;
    const T* what;
    Position start;
    bool is_fading;
};

/// By name; in the order of the files' paths, then of their lines.
template <typename T>
using Definitions = std::map<std::string, std::vector<Definition<T>>>;

Position start_of(const Block& block, const std::string& path) {
    return {.file = path, .line = block.start.line, .column = block.start.column};
}
Position start_of(const PluginInstance& plugin, const std::string& /*path*/) {
    return plugin.start;
}
Position start_of(const OptionsDeclaration& options, const std::string& /*path*/) {
    return options.start;
}

template <typename T, typename NameOf>
Definitions<T> collect(std::span<const Contribution> files, std::vector<T> Declarations::* list,
                       NameOf name_of) {
    Definitions<T> definitions;
    for (const Contribution& file : files) {
        for (const T& what : file.declarations->*list) {
            definitions[name_of(what)].push_back(
                {file.path, &what, start_of(what, *file.path), file.is_fading});
        }
    }
    // A file that is being replaced must not quarrel with the one that replaces it.
    for (auto& [name, found] : definitions) {
        const auto first_fading = std::stable_partition(
            found.begin(), found.end(), [](const auto& each) { return !each.is_fading; });
        if (first_fading != found.begin()) {
            found.erase(first_fading, found.end());
        }
    }
    return definitions;
}

template <typename T>
Error defined_twice(const std::string& what, const std::vector<Definition<T>>& found) {
    std::string places;
    for (const Definition<T>& each : found) {
        const bool is_last = &each == &found.back();
        places += places.empty() ? "" : (is_last ? " and " : ", ");
        places += each.start.to_text();
    }
    return Error::make(ErrorKind::kOption, what + " is defined more than once: " + places, {},
                       "Keep one of them, or rename the others.");
}

/// connection_state has no row for such a name, so no row could say what is wrong with it.
bool has_no_row(const std::string& name) {
    constexpr std::size_t kMaxRowNameBytes = 1000; // sql/penstock--1.0.sql: connection_state
    return name.empty() || name.size() > kMaxRowNameBytes || !is_valid_text(name);
}

class Merger {
  public:
    Merger(std::span<const Contribution> files, const MergeContext& context)
        : files_(files), context_(context) {}

    [[nodiscard]] Merged run() {
        take_plugins();
        take_options();
        take_connections();
        resolve_children(merged_.configuration.connections);
        take_hashes();
        return std::move(merged_);
    }

  private:
    /// Tells every file that takes part; a file keeps the first thing said of it.
    template <typename T>
    void blame(const std::vector<Definition<T>>& found, const Error& error) {
        for (const Definition<T>& each : found) {
            merged_.file_errors.emplace(*each.path, ConfigError{error, each.start});
        }
    }

    void take_plugins() {
        const auto all = collect(files_, &Declarations::plugins,
                                 [](const PluginInstance& plugin) { return plugin.label; });
        for (const auto& [label, found] : all) {
            const PluginInstance* chosen = found.front().what;
            if (found.size() > 1) {
                blame(found, defined_twice("plugin \"" + label + "\"", found));
                const auto before = context_.declared_before.find(label);
                chosen = before == context_.declared_before.end() ? chosen : &before->second;
            }
            merged_.declared.emplace(label, *chosen);
        }
    }

    void take_options() {
        const auto all = collect(files_, &Declarations::options,
                                 [](const OptionsDeclaration&) { return std::string("database"); });
        for (const auto& [label, found] : all) {
            if (found.size() > 1) {
                blame(found, defined_twice("options \"" + label + "\"", found));
                merged_.configuration.database = context_.database_before;
            } else {
                merged_.configuration.database = found.front().what->database;
            }
        }
    }

    void take_connections() {
        const auto all = collect(files_, &Declarations::connections,
                                 [](const Block& block) { return block.labels.front(); });
        for (const auto& [name, found] : all) {
            const Definition<Block>& first = found.front();
            if (has_no_row(name)) {
                std::string hint;
                const std::string wrong = check_connection_name(name, hint);
                blame(found, Error::make(ErrorKind::kOption, wrong, {}, hint));
                continue;
            }
            ConnectionDraft draft = draft_connection(*first.what, *first.path, context_.outside);
            if (found.size() > 1) {
                const Error error = defined_twice("connection \"" + name + "\"", found);
                blame(found, error);
                draft.connection.error = ConfigError{error, first.start};
            }
            resolve_instance(draft, merged_.declared, merged_.configuration.instances);
            Connection& connection = draft.connection;
            merged_.configuration.connections.emplace(name, std::move(connection));
        }
    }

    /// An aggregator's after those of its children, of which it may have a part.
    void take_hashes() {
        std::map<std::string, Connection>& connections = merged_.configuration.connections;
        for (const ConnectionType type : {ConnectionType::kPlugin, ConnectionType::kAggregator}) {
            for (auto& [name, connection] : connections) {
                if (connection.type == type) {
                    connection.config_hash =
                        config_hash(connection, connections, context_.hash_key);
                }
            }
        }
    }

    std::span<const Contribution> files_;
    const MergeContext& context_;
    Merged merged_;
};

} // namespace

Merged merge(std::span<const Contribution> files, const MergeContext& context) {
    return Merger(files, context).run();
}

} // namespace penstock::config
