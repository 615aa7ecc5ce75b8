#pragma once

/// What the planner may believe of a foreign table without ANALYZE.
namespace penstock::fdw {

/// Installs the planner's hooks: unique columns and numbers of different values.
void install_estimates();

} // namespace penstock::fdw
