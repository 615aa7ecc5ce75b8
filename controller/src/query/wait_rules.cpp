#include "query/wait_rules.hpp"

#include "penstock/types/error.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace penstock::query {
namespace {

using Action = Decision::Action;
using reconcile::name_of;
using reconcile::State;

/// How many connections a line names before it counts the rest.
constexpr std::size_t kMostNamed = 3;

/// What one connection means for a statement that misses something of it.
enum class Standing : std::uint8_t {
    kWaiting, ///< it changes, or is asked to
    kJustNow, ///< it is ready, but may not have been when the statement ran
    kSettled, ///< it is ready, and what is missing is not there
    kInError,
    kAbsent, ///< disabled, or on its way out
};

bool is_just_now(const Connection& connection, const Attempted& attempted) {
    const auto earlier = attempted.find(connection.name);
    return earlier == attempted.end() ? connection.unchanged_for < kJustNow
                                      : connection.generation != earlier->second;
}

Standing standing_of(const Connection& connection, const Attempted& attempted) {
    switch (connection.state) {
    case State::kPending:
    case State::kUpdating:
        return Standing::kWaiting;
    case State::kReady:
        if (!connection.is_imported && connection.may_offer) {
            return Standing::kWaiting;
        }
        return is_just_now(connection, attempted) ? Standing::kJustNow : Standing::kSettled;
    case State::kError:
        return Standing::kInError;
    case State::kDeleting:
    case State::kDisabled:
        break;
    }
    return Standing::kAbsent;
}

std::vector<Connection> those(const std::vector<Connection>& connections, Standing standing,
                              const Attempted& attempted) {
    std::vector<Connection> found;
    for (const Connection& connection : connections) {
        if (standing_of(connection, attempted) == standing) {
            found.push_back(connection);
        }
    }
    return found;
}

/// The first standing of `order` that any of the connections has, with those that have it.
std::optional<Decision> first_of(const std::vector<Connection>& connections,
                                 const std::vector<std::pair<Standing, Action>>& order,
                                 const Attempted& attempted) {
    for (const auto& [standing, action] : order) {
        std::vector<Connection> found = those(connections, standing, attempted);
        if (!found.empty()) {
            if (action == Action::kBlame || action == Action::kSuspect) {
                found.resize(1);
            }
            return Decision{action, std::move(found)};
        }
    }
    return std::nullopt;
}

/// Several connections can lack what is missing: one that may still bring it decides before one in
/// error, so that no bad connection spoils what another one has.
Decision decide_among(const std::vector<Connection>& connections, Action for_error,
                      const Attempted& attempted) {
    return first_of(connections,
                    {{Standing::kWaiting, Action::kWait},
                     {Standing::kJustNow, Action::kRetry},
                     {Standing::kInError, for_error}},
                    attempted)
        .value_or(Decision{});
}

std::vector<Connection> dynamic_ones(const std::vector<Connection>& connections) {
    std::vector<Connection> found;
    std::copy_if(connections.begin(), connections.end(), std::back_inserter(found),
                 [](const Connection& connection) { return connection.is_dynamic; });
    return found;
}

} // namespace

State connection_state_from_text(const std::string& text) {
    const std::optional<State> state = reconcile::state_from_text(text);
    if (!state) {
        throw Exception(ErrorKind::kInternal, "unknown state \"" + text + "\" of a connection");
    }
    return *state;
}

std::vector<Connection> deciding(const std::vector<Connection>& on_path) {
    // A plugin is dynamic or not as a whole, but a row says so only when its schema was seen once.
    std::set<std::string> dynamic_plugins;
    for (const Connection& connection : on_path) {
        if (connection.is_dynamic) {
            dynamic_plugins.insert(connection.plugin);
        }
    }
    std::set<std::string> seen;
    std::vector<Connection> found;
    for (const Connection& connection : on_path) {
        if (standing_of(connection, {}) == Standing::kAbsent) {
            continue;
        }
        const bool is_first = seen.insert(connection.plugin).second;
        if (is_first || dynamic_plugins.contains(connection.plugin)) {
            found.push_back(connection);
        }
    }
    return found;
}

Decision decide(const Missing& missing, const Scene& scene, const Attempted& attempted) {
    if (missing.kind == Missing::Kind::kColumn) {
        return decide_among(dynamic_ones(scene.named), Action::kBlame, attempted);
    }
    if (missing.has_schema) {
        return decide_among(scene.named, Action::kBlame, attempted);
    }
    return decide_among(deciding(scene.on_path), Action::kSuspect, attempted);
}

Decision decide_for_path(const Scene& scene) {
    return first_of(deciding(scene.on_path),
                    {{Standing::kInError, Action::kBlame}, {Standing::kWaiting, Action::kWait}}, {})
        .value_or(Decision{Action::kRetry, {}});
}

std::string describe_wait(const std::vector<Connection>& connections, const Scene& scene) {
    std::string text = connections.size() == 1 ? "connection " : "connections ";
    const std::size_t named = std::min(connections.size(), kMostNamed);
    for (std::size_t index = 0; index < named; ++index) {
        const Connection& connection = connections[index];
        const bool is_loading = connection.state == State::kReady; // waited for, so not imported
        text += (index == 0 ? "" : ", ") + connection.name + ": " +
                (is_loading ? "not imported yet" : name_of(connection.state));
    }
    if (connections.size() > named) {
        text += " and " + std::to_string(connections.size() - named) + " more";
    }
    return text + ", " + std::to_string(scene.ready_count) + " of " +
           std::to_string(scene.total_count) + " ready";
}

} // namespace penstock::query
