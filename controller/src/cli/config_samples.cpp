#include "cli/config_samples.hpp"

#include "cluster/server_files.hpp"

#include <system_error>

namespace penstock::cli {
namespace {

constexpr const char* kReadme = R"(This folder says which connections Penstock shows as tables.

Penstock reads every file here that ends in .spc or .json, and watches the folder: save a file, and
`select connection_name, state, error from connection_state` shows what became of it. A file with a
mistake changes nothing but its own line in `select * from penstock.config_file`.

default.spc.sample shows how a connection is written; copy it to a name that ends in .spc.
)";

constexpr const char* kTemplate =
    R"(# Copy this file to default.spc and take away the "#" of what you want.

# The machine itself: processes, users, mounts, packages, listening ports …
# connection "system" {
#   plugin = "system"
# }

# Every CSV file of a folder is a table: select * from files.<name of the file>.
# connection "files" {
#   plugin = "csv"
#   paths  = ["/path/to/folder/*.csv", "/path/to/folder/*.csv.gz"]
# }
)";

constexpr const char* kSample =
    R"(# Written by: penstock service start --sample. Change it as you like; it is not written again.

connection "system" {
  plugin = "system"
}

# The releases of Debian and Ubuntu, from the package distro-info-data.
connection "distro" {
  plugin = "csv"
  paths  = ["/usr/share/distro-info/*.csv"]
  # Their rows end where nothing is known yet.
  missing_fields = "null"
}

# The time zones and the countries that use them, tab-separated, from the package tzdata.
connection "zones" {
  plugin         = "csv"
  paths          = ["/usr/share/zoneinfo/zone1970.tab", "/usr/share/zoneinfo/iso3166.tab"]
  header         = "off"
  comment        = "#"
  quote          = ""
  missing_fields = "null"
}
)";

void write_once(const std::filesystem::path& file, const char* text) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        cluster::write_private_file(file, text);
    }
}

} // namespace

void write_config_samples(const cluster::Home& home, bool has_sample) {
    std::error_code ignored;
    if (std::filesystem::is_empty(home.config(), ignored)) {
        write_once(home.config() / "README", kReadme);
        write_once(home.config() / "default.spc.sample", kTemplate);
    }
    if (has_sample) {
        write_once(home.config() / "sample.spc", kSample);
    }
}

} // namespace penstock::cli
