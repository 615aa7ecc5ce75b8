#pragma once

#include "query/output.hpp"

#include <string_view>

namespace penstock::query {

/// CSV as COPY writes it: NULL is nothing at all, an empty string is "".
class CsvWriter : public ResultWriter {
  public:
    CsvWriter(char separator, bool has_header, std::FILE* out);

    void begin(const pg_result& columns) override;
    void rows(const pg_result& result) override;
    void end() override;

    /// A field, quoted when it must be.
    [[nodiscard]] static std::string field(std::string_view text, char separator);

  private:
    char separator_;
    bool has_header_;
    std::FILE* out_;
    std::string scratch_;
};

} // namespace penstock::query
