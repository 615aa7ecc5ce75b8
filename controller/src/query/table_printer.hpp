#pragma once

#include "query/output.hpp"

namespace penstock::query {

/// psql's own tables (aligned) and records (one line a column), by psql's own code, in the user's
/// pager where psql would use it.
class TablePrinter : public ResultWriter {
  public:
    TablePrinter(const OutputOptions& options, std::FILE* out);

    [[nodiscard]] bool needs_whole_result() const override { return true; }
    void begin(const pg_result& columns) override;
    void rows(const pg_result& result) override;
    void end() override;
    void command(const std::string& tag) override;

  private:
    OutputOptions options_;
    std::FILE* out_;
};

} // namespace penstock::query
