#pragma once

#include "csv/folder_watch.hpp"
#include "csv/options.hpp"
#include "csv/paths.hpp"
#include "csv/scan.hpp"
#include "penstock/plugin/plugin.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace penstock::csv {

/// The files that one connection's patterns match.
///
/// A file that cannot be a table does not take the others with it: it is left out, is one of the
/// problems() and written to the log (stderr). It is an error of the connection when the file is
/// named without a wildcard, when there is no good file beside it, or when two files would be the
/// same table.
class CsvConnection final : public Connection {
  public:
    CsvConnection(Options options, ConnectionHost& host);

    [[nodiscard]] std::vector<std::shared_ptr<Table>> tables() override;
    [[nodiscard]] std::vector<SchemaProblem> problems() override;

  private:
    /// Described once for each state of the file.
    std::shared_ptr<FileTable> table_for(const FoundFile& file);
    void report(const std::string& path, const Error& error);
    /// Names that are not UTF-8 cannot be shown, not even in a message.
    void drop_unnameable(std::vector<FoundFile>& files);
    void start_watching();
    void check_columns(const std::vector<std::shared_ptr<Table>>& tables) const;
    /// From the thread of the watch.
    void look_again();

    std::shared_ptr<const Options> options_; ///< shared with tables that outlive the connection
    ConnectionHost& host_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<FileTable>> cache_;
    std::map<std::string, std::string> reported_; ///< path → message that is in the log already
    std::map<std::string, std::string> problems_; ///< path → why, since tables() was asked last
    std::vector<FoundFile> seen_;                 ///< what tables() was answered from
    std::unique_ptr<FolderWatch> watch_;          ///< last: its thread uses all the others
};

} // namespace penstock::csv
