#pragma once

#include "cluster/home.hpp"

namespace penstock::cli {

/// On the first start: README and default.spc.sample in the config folder, both commented, neither
/// read by the service. With `has_sample` also sample.spc, two connections that work at once; it is
/// written only when missing, so changes to it stay. Errors: Exception kPermission.
void write_config_samples(const cluster::Home& home, bool has_sample);

} // namespace penstock::cli
