#pragma once

#include "penstock/plugin/plugin.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace penstock {

/// What goes into the END frame.
struct ScanSummary {
    std::uint64_t row_count = 0;
    std::uint64_t source_bytes = 0;
    std::vector<std::string> warnings;
};

/// Brings `request` in line with the schema, because the server's catalog may be older than the
/// table: conditions on operators that the column does not offer are dropped, and one that the
/// server relies on is an error instead of a wrong result. Then checks the required keys.
/// Errors: throws Exception kType, kKeyMissing.
void fit_request(ScanRequest& request, const TableSchema& schema);

/// Runs one scan: the same for a socket, a test and the command line. Fits the request first.
/// Errors: throws Exception: kType, kNoColumn, kKeyMissing; what the table throws; kCancelled.
[[nodiscard]] ScanSummary run_scan(Table& table, ScanRequest request, BlockOutput& output);

} // namespace penstock
