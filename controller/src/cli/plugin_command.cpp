#include "cli/daemon.hpp"
#include "cli/database.hpp"
#include "cli/exit_code.hpp"
#include "cli/query_command.hpp"
#include "cli/report.hpp"
#include "query/interrupt.hpp"

#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>

namespace penstock::cli {
namespace {

const std::vector<std::string> kColumns{"plugin", "instance", "version", "state",
                                        "pid",    "restarts", "error"};

using Line = std::vector<Cell>;

std::vector<std::string> executables(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.is_regular_file() && ::access(entry.path().c_str(), X_OK) == 0) {
            names.push_back(entry.path().filename().string());
        }
    }
    if (error) {
        throw Exception(ErrorKind::kNotFound,
                        "could not read the plugin folder \"" + folder.string() +
                            "\": " + error.message(),
                        {}, "Give the folder with --plugin-dir.");
    }
    std::sort(names.begin(), names.end());
    return names;
}

/// Instances by plugin, as the service sees them; none when it does not run.
std::multimap<std::string, Line> read_instances(const cluster::Home& home) {
    std::multimap<std::string, Line> instances;
    try {
        const std::unique_ptr<query::Session> session = connect(home);
        const query::ResultPointer result = session->run(
            "select plugin, instance, version, state, pid, restarts, error from penstock.plugin "
            "order by plugin, instance");
        for (int row = 0; row < PQntuples(result.get()); ++row) {
            Line line;
            for (int column = 0; column < PQnfields(result.get()); ++column) {
                const bool is_null = PQgetisnull(result.get(), row, column) != 0;
                line.push_back(is_null ? Cell() : PQgetvalue(result.get(), row, column));
            }
            instances.emplace(*line.front(), line);
        }
    } catch (const Exception& exception) {
        if (exception.error().kind != ErrorKind::kUnavailable) {
            throw;
        }
        std::fprintf(stderr,
                     "penstock: the service does not run; only what is installed is shown\n");
    }
    return instances;
}

} // namespace

int list_plugins(const std::string& plugin_folder, const query::OutputOptions& output) {
    const std::filesystem::path folder =
        plugin_folder.empty() ? default_plugin_folder() : std::filesystem::path(plugin_folder);
    std::multimap<std::string, Line> lines = read_instances(cluster::Home::from_environment());
    const query::InterruptGuard interrupt;
    for (const std::string& name : executables(folder)) {
        if (lines.count(name) == 0) {
            Line line(kColumns.size());
            line[0] = name;
            line[3] = "installed";
            lines.emplace(name, line);
        }
    }
    std::vector<Line> rows;
    for (const auto& [name, line] : lines) {
        rows.push_back(line);
    }
    print_rows(kColumns, rows, output);
    return kSuccess;
}

} // namespace penstock::cli
