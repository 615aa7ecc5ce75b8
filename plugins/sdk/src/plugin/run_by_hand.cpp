#include "run_by_hand.hpp"

#include "block_reader.hpp"
#include "connection_store.hpp"
#include "format_value.hpp"
#include "run_scan.hpp"

#include <array>
#include <cstdio>

namespace penstock {

namespace {

constexpr const char* kConnection = "by_hand";

/// Ends a scan that has printed its limit.
struct LimitReached {};

/// Names of ArgumentKind, in its order.
constexpr std::array<const char*, 6> kKindNames{"string",  "whole number",    "number",
                                                "boolean", "list of strings", "map of strings"};

void print_arguments(const PluginInfo& info) {
    for (const ArgumentSpec& spec : info.arguments) {
        std::printf("  %-20s %s%s%s%s\n", spec.name.c_str(),
                    kKindNames[static_cast<std::size_t>(spec.kind) - 1],
                    spec.is_required ? ", required" : "",
                    spec.default_text.empty() ? "" : ", default ", spec.default_text.c_str());
        std::printf("  %-20s %s\n", "", spec.description.c_str());
    }
}

std::string describe_operators(const Column& column) {
    std::string text;
    text += column.exact.empty() ? "" : "  exact: " + column.exact.to_text();
    text += column.superset.empty() ? "" : "  superset: " + column.superset.to_text();
    text += column.key == KeyKind::kNone ? "" : "  key: " + std::string(name_of(column.key));
    return text;
}

void connect(ConnectionStore& store, Plugin& plugin, const CommandLine& line) {
    store.configure(kConnection, read_arguments(plugin.info().arguments, line.arguments).take());
}

const Column& column_of(const TableSchema& schema, const std::string& name) {
    for (const Column& column : schema.columns) {
        if (column.name == name) {
            return column;
        }
    }
    throw Exception(ErrorKind::kNoColumn,
                    "column \"" + name + "\" of table \"" + schema.name + "\" does not exist");
}

ScanRequest make_request(const TableSchema& schema, const CommandLine& line) {
    ScanRequest request;
    request.connection = kConnection;
    request.table = schema.name;
    request.row_target = line.limit;
    for (const std::string& name : line.columns) {
        request.columns.push_back({name, column_of(schema, name).type});
    }
    if (line.columns.empty()) {
        for (const Column& column : schema.columns) {
            request.columns.push_back({column.name, column.type});
        }
    }
    for (const auto& [name, text] : line.conditions) {
        const Column& column = column_of(schema, name);
        const bool is_exact = column.exact.has(QualOp::kEq);
        if (!is_exact) {
            throw Exception(ErrorKind::kOption,
                            "column \"" + name + "\" does not answer \"=\" exactly",
                            "Without a server, nobody else checks the condition.");
        }
        request.quals.push_back(
            {name, QualOp::kEq, column.type, {parse_value(text, column.type)}, is_exact});
    }
    return request;
}

void print_row(const std::vector<Value>& row, const std::vector<RequestedColumn>& columns) {
    std::string text;
    for (std::size_t index = 0; index < row.size(); ++index) {
        text += index == 0 ? "" : "\t";
        text += format_value(row[index], columns[index].type);
    }
    text += '\n';
    (void)std::fwrite(text.data(), 1, text.size(), stdout);
}

} // namespace

void print_help(const PluginInfo& info) {
    std::printf("%s %s: %s\n\n", info.name.c_str(), info.version.c_str(), info.description.c_str());
    std::printf(
        "A plugin of Penstock. The controller starts it; by hand, try:\n"
        "  %s --info [--argument NAME=VALUE]...\n"
        "  %s --scan TABLE [--argument NAME=VALUE]... [--columns A,B] [--where COLUMN=VALUE]"
        "... [--limit N]\n\n",
        info.name.c_str(), info.name.c_str());
    std::printf(
        "Arguments of a connection (a list: give it several times; a map: NAME=KEY=VALUE):\n");
    print_arguments(info);
    if (info.arguments.empty()) {
        std::printf("  none\n");
    }
}

void print_info(Plugin& plugin, const CommandLine& line) {
    const PluginInfo info = plugin.info();
    std::printf("%s %s: %s\n\narguments:\n", info.name.c_str(), info.version.c_str(),
                info.description.c_str());
    print_arguments(info);
    ConnectionStore store(plugin, [](const std::string&) {});
    connect(store, plugin, line);
    for (const TableSchema& table : store.describe(kConnection)) {
        std::printf("\ntable %s: %s\n", table.name.c_str(), table.description.c_str());
        for (const Column& column : table.columns) {
            std::printf("  %-24s %-12s %s%s\n", column.name.c_str(),
                        std::string(find_type(column.type)->sql_name).c_str(),
                        column.description.c_str(), describe_operators(column).c_str());
        }
    }
}

void print_scan(Plugin& plugin, const CommandLine& line) {
    ConnectionStore store(plugin, [](const std::string&) {});
    connect(store, plugin, line);
    const FoundTable found = store.find(kConnection, line.table);
    const ScanRequest request = make_request(found.table->schema(), line);
    std::uint64_t printed = 0;
    BlockReader reader(request.columns, [&](const std::vector<Value>& row) {
        print_row(row, request.columns);
        if (++printed == line.limit) {
            throw LimitReached();
        }
    });
    try {
        const ScanSummary summary = run_scan(*found.table, request, reader);
        for (const std::string& warning : summary.warnings) {
            std::fprintf(stderr, "warning: %s\n", warning.c_str());
        }
    } catch (const LimitReached&) { // NOLINT(bugprone-empty-catch): all that was asked for
    }
}

} // namespace penstock
