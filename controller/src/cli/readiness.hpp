#pragma once

#include "cluster/home.hpp"
#include "query/session.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace penstock::cli {

/// How far the service is with its connections.
struct Readiness {
    bool is_ready = false;            ///< nothing is pending or updating any more
    std::vector<std::string> waiting; ///< those that still are, "name (state)"
    std::string summary;              ///< "2 ready, 1 error"; empty without connections
    std::map<std::string, std::int64_t> by_state;
};

/// Number of the controller that leads; a new one has a higher number.
/// Errors: Exception kNotFound when the database has no Penstock extension, with the way to get it.
[[nodiscard]] std::int64_t read_epoch(query::Session& session);

/// Waits until a controller newer than `epoch` has settled (penstock.controller.settled_at) and no
/// connection is pending or updating, or `limit_s` is over. Waits by LISTEN; `check` runs at every
/// turn and may throw (the daemon died).
[[nodiscard]] Readiness wait_until_ready(query::Session& session, std::int64_t epoch, int limit_s,
                                         const std::function<void()>& check);

/// The state now. Errors: Exception.
[[nodiscard]] Readiness read_readiness(query::Session& session);

} // namespace penstock::cli
