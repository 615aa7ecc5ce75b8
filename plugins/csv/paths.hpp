#pragma once

#include "csv/byte_source.hpp"

#include <set>
#include <string>
#include <vector>

namespace penstock::csv {

struct FoundFile {
    std::string path;
    bool is_named = false; ///< a path without wildcards: it has to be there and to be good
    FileIdentity identity;
    std::int64_t changed_ns = 0; ///< also changes with permissions
    friend bool operator==(const FoundFile&, const FoundFile&) = default;
};

/// The files that the patterns (glob(7)) match now, each once, sorted by path. Folders that match
/// a pattern are left out.
/// Errors: throws Exception: kNotFound (58P01) for a path without wildcards that is not there,
///         kLimit for more than kMaxFiles.
[[nodiscard]] std::vector<FoundFile> find_files(const std::vector<std::string>& patterns);

/// The folders in which something may happen that changes what the patterns match: for each
/// pattern the folders that hold a wildcard or the last part, and for one that does not exist yet
/// its nearest existing parent.
[[nodiscard]] std::set<std::string> folders_of(const std::vector<std::string>& patterns);

/// Files of one connection at most; each is a table.
inline constexpr std::size_t kMaxFiles = 10'000;

} // namespace penstock::csv
