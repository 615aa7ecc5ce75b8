#pragma once

#include "catalog/catalog.hpp"
#include "config/configuration.hpp"
#include "reconcile/state.hpp"

#include <string>
#include <vector>

/// The configuration as the other parts want to see it. Pure.
namespace penstock::service {

[[nodiscard]] reconcile::Desired make_desired(const config::Configuration& configuration);

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
