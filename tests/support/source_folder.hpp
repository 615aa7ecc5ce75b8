#pragma once

#include <cstdlib>
#include <filesystem>

namespace penstock::testing {

/// The root of the source tree: PENSTOCK_SOURCE, which tests/run sets, or what the compiler was
/// told, which a compiler cache with relative paths makes useless.
inline std::filesystem::path source_folder() {
    const char* folder = std::getenv("PENSTOCK_SOURCE");
    return folder != nullptr ? std::filesystem::path(folder)
                             : std::filesystem::path(__FILE__).parent_path() / "../..";
}

} // namespace penstock::testing
