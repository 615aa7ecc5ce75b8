#pragma once

#include "aggregate.hpp"
#include "run_scan.hpp"

#include <functional>
#include <memory>
#include <string>

namespace penstock {

/// A table of a child, and what keeps it alive.
struct FoundTable {
    std::shared_ptr<void> owner; ///< destroyed after the table
    std::shared_ptr<Table> table;
};

/// Runs a scan of an aggregator's table: the children that the conditions leave are scanned side by
/// side, kChildrenAtOnce at a time, their blocks mixed into `output` as they come.
///
/// When a child fails, either its error ends the scan, or, with `is_partial`, a warning names it;
/// the rows that it sent before cannot be taken back.
/// `find` gives a child's table, or no table when the child has none of that name; throws Exception
/// when it cannot tell.
/// Errors: throws Exception as run_scan(), with the child's name in front; kCancelled.
[[nodiscard]] ScanSummary
run_aggregate_scan(const AggregateTable& table, const std::string& plugin, ScanRequest request,
                   BlockOutput& output,
                   const std::function<FoundTable(const std::string& connection)>& find,
                   BlockCache* cache = nullptr);

/// `error` of a child as the aggregator's own.
[[nodiscard]] Error name_child(Error error, const std::string& child);

} // namespace penstock
