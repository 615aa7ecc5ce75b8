#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace penstock::service {

/// What a query that needs the tables of a connection has to expect.
enum class Standing : std::uint8_t {
    kSettled, ///< nothing to wait for: look at the row
    kQueued,  ///< it comes first now
    kLoading, ///< its load lock is held: wait for that one
};

/// How Refresh tells those who wait. Called from the loop.
struct WaiterEvents {
    std::function<void(const std::string& connection)> on_loading;
    std::function<void(const std::string& connection)> on_settled;
};

} // namespace penstock::service
