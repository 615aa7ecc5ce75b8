#include "service/desired_state.hpp"

#include "service/error_text.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

namespace penstock::service {

namespace {

/// Planning a query looks at every schema of the path, and nobody reads 10,000 unqualified.
constexpr std::size_t kMaxPathSchemas = 200;

constexpr std::array<const char*, 3> kImportSchemaTexts = {"enabled", "lazy", "disabled"};

reconcile::DesiredConnection make_desired(const config::Connection& connection) {
    reconcile::DesiredConnection desired;
    desired.name = connection.name;
    desired.plugin = connection.plugin;
    desired.plugin_instance = connection.plugin_instance;
    desired.type = connection.type == config::ConnectionType::kAggregator ? "aggregator" : "plugin";
    desired.children = connection.children;
    desired.import_schema =
        kImportSchemaTexts.at(static_cast<std::size_t>(connection.import_schema));
    desired.config_hash = connection.config_hash;
    desired.file_name = connection.start.file;
    desired.start_line = connection.start.line;
    desired.end_line = connection.end_line;
    if (connection.error) {
        desired.error = one_line(*connection.error);
    }
    return desired;
}

using Files = std::vector<const config::File*>;

Files unread_files(const config::Configuration& configuration) {
    Files files;
    for (const config::File& file : configuration.files) {
        if (file.error && !file.is_known) {
            files.push_back(&file);
        }
    }
    return files;
}

/// By its name in the folder, which may have moved with the home; or the folder itself, when it
/// could not be listed. Null: the row came from elsewhere.
const config::File* file_of(const Files& files, const reconcile::ActualConnection& row) {
    const std::filesystem::path place(row.file_name);
    const auto found = std::find_if(files.begin(), files.end(), [&place](const auto* file) {
        const std::filesystem::path name = std::filesystem::path(file->path).filename();
        return name == place.filename() || name == place.parent_path().filename();
    });
    return found == files.end() ? nullptr : *found;
}

/// The row as it is, so that nothing but its state can change.
reconcile::DesiredConnection as_it_is(const reconcile::ActualConnection& row, std::string error) {
    reconcile::DesiredConnection desired;
    desired.name = row.name;
    desired.plugin = row.plugin;
    desired.plugin_instance = row.plugin_instance;
    desired.type = row.type;
    desired.children = row.children;
    desired.import_schema = row.import_schema;
    desired.config_hash = row.config_hash;
    desired.file_name = row.file_name;
    desired.start_line = row.start_line;
    desired.end_line = row.end_line;
    desired.error = std::move(error);
    return desired;
}

} // namespace

reconcile::Desired unread_connections(const config::Configuration& configuration,
                                      const reconcile::Desired& desired,
                                      const reconcile::Actual& actual) {
    reconcile::Desired unread;
    const Files files = unread_files(configuration);
    if (files.empty()) {
        return unread;
    }
    for (const auto& [name, row] : actual) {
        const bool is_clear = !row.has_row || desired.contains(name);
        const config::File* file = is_clear ? nullptr : file_of(files, row);
        if (file != nullptr) {
            unread.emplace(name,
                           as_it_is(row, "its file cannot be used: " + one_line(*file->error)));
        }
    }
    return unread;
}

reconcile::Desired make_desired(const config::Configuration& configuration) {
    reconcile::Desired desired;
    for (const auto& [name, connection] : configuration.connections) {
        desired.emplace(name, make_desired(connection));
    }
    return desired;
}

std::vector<std::string> schema_order(const config::Configuration& configuration,
                                      const reconcile::Desired& desired) {
    if (configuration.database.search_path) {
        return *configuration.database.search_path;
    }
    std::vector<std::string> firsts;
    std::vector<std::string> others;
    std::set<std::string> plugins;
    for (const auto& [name, connection] : desired) {
        if (connection.error || connection.import_schema == "disabled") {
            continue;
        }
        (plugins.insert(connection.plugin).second ? firsts : others).push_back(name);
    }
    firsts.insert(firsts.end(), others.begin(), others.end());
    return firsts;
}

std::vector<std::string> search_path(const config::Configuration& configuration,
                                     const std::vector<std::string>& order) {
    std::vector<std::string> path;
    if (configuration.database.search_path_prefix) {
        path = *configuration.database.search_path_prefix;
    }
    std::vector<std::string> rest{"penstock"};
    if (configuration.database.search_path) {
        rest = *configuration.database.search_path;
    } else {
        rest.insert(rest.end(), order.begin(),
                    order.begin() +
                        static_cast<std::ptrdiff_t>(std::min(order.size(), kMaxPathSchemas)));
    }
    for (std::string& schema : rest) {
        if (std::find(path.begin(), path.end(), schema) == path.end()) {
            path.push_back(std::move(schema));
        }
    }
    return path;
}

std::vector<catalog::ConfigFileRow> config_file_rows(const config::Configuration& configuration) {
    std::vector<catalog::ConfigFileRow> rows;
    for (const config::File& file : configuration.files) {
        catalog::ConfigFileRow row;
        row.path = file.path;
        row.state = file.error ? "error" : "ok";
        row.error = file.error ? one_line(*file.error) : "";
        row.line = file.error ? file.error->position.line : 0;
        row.connection_count = file.connection_count;
        rows.push_back(std::move(row));
    }
    return rows;
}

} // namespace penstock::service
