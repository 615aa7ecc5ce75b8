#pragma once

#include <string_view>
#include <vector>

namespace penstock::system {

/// One stanza of dpkg's status file; views into its text. Source: deb822(5), dpkg(1) on states.
struct PackageStanza {
    std::string_view name;
    std::string_view status; ///< "want flag state"
    std::string_view version;
    std::string_view architecture;
    std::string_view section;
    std::string_view priority;
    std::string_view installed_size; ///< in KiB
    std::string_view maintainer;
    std::string_view homepage;
    std::string_view source;
    std::string_view depends;
    std::string_view description; ///< the summary, then lines that begin with a blank
};

/// Stanzas without a package name are left out.
[[nodiscard]] std::vector<PackageStanza> parse_dpkg_status(std::string_view text);

} // namespace penstock::system
