#pragma once

#include "pg/postgres.hpp"

/// Scans that are asked for before the executor comes to them.
namespace penstock::fdw {

/// Sends the request of a scan whose conditions are known when the query starts, so that the
/// plugins of both sides of a join, or of all arms of a UNION, work at the same time.
///
/// Not: under EXPLAIN, for async scans (their Append starts them), with a row target, in subplans
/// and parallel queries (they may never run, or run elsewhere), when a condition needs another
/// node's result, past kMaxEager open streams. Never waits. Setting penstock.eager_start.
void start_eagerly(ForeignScanState* node, int eflags);

/// Setting penstock.eager_start.
extern bool is_eager_start;

} // namespace penstock::fdw
