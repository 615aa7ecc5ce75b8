#pragma once

#include "csv/byte_source.hpp"
#include "csv/options.hpp"
#include "csv/record_reader.hpp"
#include "penstock/types/schema.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::csv {

/// One file as a table.
struct FileDescription {
    std::string path;
    Dialect dialect;
    FileIdentity identity; ///< of the file that was looked at
    bool has_header = false;
    std::uint32_t field_count = 0; ///< the file's own columns; they come first in the schema
    TableSchema schema;
};

/// Reads the header of a file and infers its types.
///
/// Errors: throws Exception: kData for an empty file, a header that cannot be names, invalid UTF-8
///         in it, too many columns; those of open_file() and RecordReader.
[[nodiscard]] FileDescription describe_file(const std::string& path, const Options& options,
                                            ReaderOptions reader_options = {});

/// Column names from the header row: as they are; `column_N` for an empty one; `name_2`, `name_3`
/// for repeated ones. Errors: throws Exception kData, naming file and column.
[[nodiscard]] std::vector<std::string> header_names(const RecordRow& row, const Dialect& dialect,
                                                    const std::string& path);

} // namespace penstock::csv
