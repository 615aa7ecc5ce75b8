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

/// Runs one scan: the same for a socket, a test and the command line. The table does its part, the
/// SDK the rest (plan_scan()).
/// Errors: throws Exception: kType, kNoColumn, kKeyMissing; what the table throws; kCancelled.
[[nodiscard]] ScanSummary run_scan(Table& table, ScanRequest request, BlockOutput& output);

} // namespace penstock
