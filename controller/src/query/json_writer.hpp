#pragma once

#include "query/json_value.hpp"
#include "query/output.hpp"

namespace penstock::query {

/// One JSON document a result: {"columns":[{"name","data_type"}],"rows":[{…},…]}, a row a line.
/// Columns of one name are kept apart: name, name_2, … A failure after the first row closes the
/// document with "error", so half a result never passes for a whole one.
class JsonWriter : public ResultWriter {
  public:
    JsonWriter(const TypeNames& types, std::FILE* out);

    void begin(const pg_result& columns) override;
    void rows(const pg_result& result) override;
    void end() override;
    void fail(const std::string& message) override;

  private:
    struct Column {
        std::string key; ///< `"name":`, ready to print
        TypeName type;
    };
    void append_row(const pg_result& result, int row);

    const TypeNames& types_;
    std::FILE* out_;
    std::vector<Column> columns_;
    bool is_first_row_ = true;
    std::string line_;
};

/// Names made different by "_2", "_3" …; none of the new ones is a name that was there.
[[nodiscard]] std::vector<std::string> distinct_names(const std::vector<std::string>& names);

} // namespace penstock::query
