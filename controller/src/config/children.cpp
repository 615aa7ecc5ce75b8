#include "config/children.hpp"

#include <fnmatch.h>

#include <set>
#include <utility>

namespace penstock::config {

namespace {

using Connections = std::map<std::string, Connection>;

/// Why `child` cannot be a child of `parent`, as the rest of a sentence; nullptr when it can.
const char* fault_of(const Connection& child, const Connection& parent) {
    if (child.name == parent.name) {
        return "is the aggregator itself";
    }
    if (child.type == ConnectionType::kAggregator) {
        return "is an aggregator too";
    }
    return child.plugin_instance != parent.plugin_instance || child.plugin_instance.empty()
               ? "is of another plugin"
               : nullptr;
}

ConfigError make_warning(const Connection& parent, std::string message) {
    const auto place = parent.argument_positions.find("connections");
    Error error = Error::make(ErrorKind::kOption, std::move(message), {},
                              "Children are connections of the same plugin that are no "
                              "aggregators themselves.");
    error.argument = "connections";
    return {std::move(error),
            place == parent.argument_positions.end() ? parent.start : place->second};
}

/// The connections that one entry stands for; when there is none, `warning` says why.
std::set<std::string> match(const std::string& pattern, const Connection& parent,
                            const Connections& connections, std::string& warning) {
    if (const auto exact = connections.find(pattern); exact != connections.end()) {
        const char* const fault = fault_of(exact->second, parent);
        if (fault == nullptr) {
            return {pattern};
        }
        warning = "connection \"" + pattern + "\" " + fault;
        return {};
    }
    std::set<std::string> names;
    for (const auto& [name, connection] : connections) {
        if (fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0 &&
            fault_of(connection, parent) == nullptr) {
            names.insert(name);
        }
    }
    if (names.empty()) {
        warning = "no connection matches \"" + pattern + '"';
    }
    return names;
}

} // namespace

void resolve_children(Connections& connections) {
    for (auto& [name, parent] : connections) {
        if (parent.type != ConnectionType::kAggregator) {
            continue;
        }
        std::set<std::string> children;
        for (const std::string& pattern : parent.patterns) {
            std::string warning;
            children.merge(match(pattern, parent, connections, warning));
            if (!warning.empty()) {
                warning += " (\"connections\" of connection \"" + name;
                warning += "\")";
                parent.warnings.push_back(make_warning(parent, std::move(warning)));
            }
        }
        parent.children.assign(children.begin(), children.end());
    }
}

} // namespace penstock::config
