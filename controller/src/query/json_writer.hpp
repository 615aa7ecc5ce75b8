#pragma once

#include "query/json_rows.hpp"
#include "query/output.hpp"

namespace penstock::query {

/// One JSON document a result: {"columns":[{"name","data_type"}],"rows":[{…},…]}, a row a line.
/// A failure after the first row closes the document with "error", so half a result never passes
/// for a whole one.
class JsonWriter : public ResultWriter {
  public:
    JsonWriter(const TypeNames& types, std::FILE* out) : rows_(types), out_(out) {}

    void begin(const pg_result& columns) override;
    void rows(const pg_result& result) override;
    void end() override;
    void fail(const std::string& message) override;

  private:
    JsonRows rows_;
    std::FILE* out_;
    bool is_first_row_ = true;
    std::string line_;
};

/// A JSON object a row and line, nothing else: no columns, no brackets, and nothing at all for a
/// result without rows. A failure shows by the exit code, as with CSV.
class NdjsonWriter : public ResultWriter {
  public:
    NdjsonWriter(const TypeNames& types, std::FILE* out) : rows_(types), out_(out) {}

    void begin(const pg_result& columns) override { rows_.begin(columns); }
    void rows(const pg_result& result) override;
    void end() override { flush(out_); }

  private:
    JsonRows rows_;
    std::FILE* out_;
    std::string line_;
};

} // namespace penstock::query
