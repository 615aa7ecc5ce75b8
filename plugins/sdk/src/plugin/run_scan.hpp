#pragma once

#include "block_cache.hpp"

#include "penstock/plugin/plugin.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// What goes into the END frame.
struct ScanSummary {
    std::uint64_t row_count = 0;
    std::uint64_t source_bytes = 0;
    std::vector<std::string> warnings;
    /// How long ago the rows were read from the source; nothing: just now.
    std::optional<std::chrono::milliseconds> cache_age = {};
};

/// What a scan needs to know to use a cache.
struct CacheUse {
    BlockCache* cache = nullptr; ///< nullptr: none
    std::uint64_t epoch = 0;     ///< of the connection, from before its table was looked up
};

/// Runs one scan: the same for a socket, a test and the command line. The table does its part, the
/// SDK the rest (plan_scan()).
/// Errors: throws Exception: kType, kNoColumn, kKeyMissing; what the table throws; kCancelled.
[[nodiscard]] ScanSummary run_scan(Table& table, ScanRequest request, BlockOutput& output,
                                   const CacheUse& cache = {});

} // namespace penstock
