#pragma once

#include "catalog/catalog.hpp"
#include "config/configuration.hpp"
#include "reconcile/state.hpp"

#include <string>
#include <vector>

/// The configuration as the other parts want to see it. Pure.
namespace penstock::service {

[[nodiscard]] reconcile::Desired make_desired(const config::Configuration& configuration);

/// Rows of `actual` that came from a file of which no version could be read since the service
/// started, as connections in error: nobody knows what such a file defines, so nothing of it may be
/// deleted. Usually none; those of `desired` are left out.
[[nodiscard]] reconcile::Desired unread_connections(const config::Configuration& configuration,
                                                    const reconcile::Desired& desired,
                                                    const reconcile::Actual& actual);

/// Order of work, and the default search path: the first connection of each plugin, then the rest,
/// both by name; the configured path when there is one.
[[nodiscard]] std::vector<std::string> schema_order(const config::Configuration& configuration,
                                                    const reconcile::Desired& desired);

/// For Session::set_search_path: the configured path, or `penstock` and at most 200 of `order`;
/// with the configured prefix in front.
[[nodiscard]] std::vector<std::string> search_path(const config::Configuration& configuration,
                                                   const std::vector<std::string>& order);

[[nodiscard]] std::vector<catalog::ConfigFileRow>
config_file_rows(const config::Configuration& configuration);

} // namespace penstock::service
