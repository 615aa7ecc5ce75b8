#pragma once

/// What a plugin's work costs in the planner's units.
namespace penstock::fdw {

/// Cost units of a millisecond before the first row. Chosen: a cached heap page of 100 rows costs
/// about 2 units and 10 µs.
inline constexpr double kCostPerMs = 100;
/// Cost units of a row's way through the socket, on top of cpu_tuple_cost. Measured: a row in a
/// block costs 1.7 times a cached heap row.
inline constexpr double kTransferCostFactor = 0.7;

} // namespace penstock::fdw
