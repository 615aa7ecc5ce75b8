#pragma once

/// What a plugin's work costs in the planner's units.
namespace penstock::fdw {

/// Cost units of a millisecond before the first row. Chosen: a cached heap page of 100 rows costs
/// about 2 units and 10 µs.
inline constexpr double kCostPerMs = 100;
/// Cost units of a row's way through the socket, on top of cpu_tuple_cost. Measured: a row in a
/// block costs 1.7 times a cached heap row.
inline constexpr double kTransferCostFactor = 0.7;
/// A row that the SDK reads for one aggregate, key or order, in cpu_operator_cost. Measured: a
/// twentieth of what the executor needs for its way through the socket and an Agg node.
inline constexpr double kEvaluationCostFactor = 0.2;
/// What a step in the plugin may keep there, by the planner's estimate: groups, first rows. More is
/// left to the server, which can spill to disk.
inline constexpr double kMaxKeptBytes = 64.0 * 1024 * 1024;

} // namespace penstock::fdw
