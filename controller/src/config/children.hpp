#pragma once

#include "config/configuration.hpp"

#include <map>
#include <string>

namespace penstock::config {

/// Fills in `children` and `warnings` of every aggregator.
///
/// An entry of `connections` is the name of a connection if there is one of that name, else a
/// pattern with `*`, `?` and `[…]`. Only connections of the same plugin instance that are no
/// aggregators match, whatever their `import_schema`. Pure.
void resolve_children(std::map<std::string, Connection>& connections);

} // namespace penstock::config
