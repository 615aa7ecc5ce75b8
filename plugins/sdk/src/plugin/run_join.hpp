#pragma once

#include "run_scan.hpp"

#include <memory>
#include <vector>

namespace penstock {

/// Runs one join: the connection joins, the SDK cuts at the limit. Never from the cache.
/// `tables` are those of request.join.sources, in their order.
/// Errors: throws Exception: kType, kNoColumn, kKeyMissing where the request does not fit what the
/// tables offer now; what the connection throws; kCancelled.
[[nodiscard]] ScanSummary run_join(Connection& connection,
                                   const std::vector<std::shared_ptr<Table>>& tables,
                                   ScanRequest request, BlockOutput& output);

} // namespace penstock
