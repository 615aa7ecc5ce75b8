#pragma once

#include "csv/describe.hpp"
#include "csv/options.hpp"
#include "penstock/plugin/plugin.hpp"

namespace penstock::csv {

/// A file as a table. Immutable; each scan opens the file afresh.
class FileTable final : public Table {
  public:
    /// `options` outlives the table's scans: shared by all tables of a connection.
    FileTable(FileDescription description, std::shared_ptr<const Options> options,
              ReaderOptions reader_options = {})
        : description_(std::move(description)), options_(std::move(options)),
          reader_options_(reader_options) {}

    [[nodiscard]] const TableSchema& schema() const override { return description_.schema; }
    /// Errors: kNoColumn when the header is not the table's any more; kData with file, line and
    /// column for bad rows (22P02, 22P04, 22021), unless the connection skips them.
    void scan(const ScanRequest& request, RowSink& rows) override;

    [[nodiscard]] const FileDescription& description() const noexcept { return description_; }

  private:
    FileDescription description_;
    std::shared_ptr<const Options> options_;
    ReaderOptions reader_options_;
};

} // namespace penstock::csv
