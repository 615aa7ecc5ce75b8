#pragma once

#include "csv/structure.hpp"
#include "penstock/plugin/plugin.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::csv {

enum class HeaderMode : std::uint8_t { kAuto, kOn, kOff };

/// The arguments of one connection, read and checked.
struct Options {
    std::vector<std::string> paths; ///< absolute patterns
    std::string delimiter;          ///< one byte, or empty: by the file's name
    bool has_quote = true;
    char quote = '"';
    HeaderMode header = HeaderMode::kAuto;
    bool is_all_text = false;
    std::map<std::string, TypeId> columns; ///< types that are not to be inferred
    std::string comment;
    std::vector<std::string> null_values{""};
    std::string file_name_column;   ///< empty: none
    std::string line_number_column; ///< empty: none
    bool skips_bad_rows = false;
    bool pads_short_rows = false; ///< missing fields at the end of a row are NULL
    std::uint64_t sample_bytes = 16U << 20;
};

/// What the plugin says of its arguments.
[[nodiscard]] std::vector<ArgumentSpec> argument_specs();

/// Errors: throws Exception kOption with `argument` set.
[[nodiscard]] Options read_options(const ConnectionConfig& config);

/// How the file at `path` is written: its name decides the delimiter when no option does.
[[nodiscard]] Dialect dialect_for(const Options& options, const std::string& path);

/// Is an unquoted field with this text NULL in a text column?
[[nodiscard]] inline bool is_null_text(const Options& options, std::string_view field) noexcept {
    for (const std::string& marker : options.null_values) {
        if (field == marker) {
            return true;
        }
    }
    return false;
}

/// The file's name without its folder and the endings .gz, .csv, .tsv, .tab, .txt.
[[nodiscard]] std::string table_name_for(std::string_view path);

} // namespace penstock::csv
