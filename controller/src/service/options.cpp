#include "service/options.hpp"

#include "cluster/server_files.hpp"
#include "penstock/types/error.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <map>

namespace fs = std::filesystem;

namespace penstock::service {

namespace {

const std::map<std::string, LogLevel> kLogLevels = {{"debug", LogLevel::kDebug},
                                                    {"info", LogLevel::kInfo},
                                                    {"warning", LogLevel::kWarning},
                                                    {"error", LogLevel::kError}};

/// lib/penstock/plugins beside the bin folder of this program, in the build tree as installed.
fs::path default_plugin_folder() {
    std::error_code failure;
    const fs::path program = fs::read_symlink("/proc/self/exe", failure);
    return program.parent_path().parent_path() / "lib" / "penstock" / "plugins";
}

} // namespace

ParsedOptions parse_options(int argc, char** argv) {
    CLI::App app{"The controller of Penstock: keeps connections and their schemas as configured."};
    std::string home;
    std::string plugin_folder;
    Options options;
    app.add_option("--home", home, "install folder (default: PENSTOCK_HOME, or ~/.penstock)");
    app.add_option("--database", options.database,
                   "connection string of the server to use (default: the private one)");
    app.add_option("--plugin-dir", plugin_folder, "folder of the plugins' executables");
    app.add_option("--log-level", options.log_level, "debug, info, warning or error")
        ->transform(CLI::CheckedTransformer(kLogLevels, CLI::ignore_case));
    app.add_flag("--foreground", options.is_foreground, "log to standard error");
    try {
        app.parse(argc, argv);
        options.home = home.empty() ? cluster::Home::from_environment()
                                    : cluster::Home{fs::absolute(home).lexically_normal()};
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return {std::nullopt, code == 0 ? 0 : 2};
    } catch (const Exception& error) {
        std::cerr << "penstockd: " << error.error().message << '\n';
        return {std::nullopt, 2};
    }
    options.is_private_database = options.database.empty();
    if (options.is_private_database) {
        options.database = cluster::connection_string(
            options.home, cluster::kOwnerRole, cluster::kDatabase, options.home.owner_pgpass());
    }
    options.plugin_folder =
        plugin_folder.empty() ? default_plugin_folder() : fs::absolute(plugin_folder);
    return {options, 0};
}

} // namespace penstock::service
