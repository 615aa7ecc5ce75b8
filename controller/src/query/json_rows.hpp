#pragma once

#include "query/json_value.hpp"

#include <string>
#include <vector>

struct pg_result; // libpq's PGresult

namespace penstock::query {

/// The columns of a result as members of JSON objects, one object a row. Columns of one name are
/// kept apart: name, name_2, …
class JsonRows {
  public:
    /// `types` must outlive the object.
    explicit JsonRows(const TypeNames& types) : types_(types) {}

    /// Takes the columns of a result; forgets those of the last one.
    void begin(const pg_result& columns);
    /// `[{"name":…,"data_type":…},…]`
    [[nodiscard]] std::string description() const;
    /// Appends `{"name":value,…}`.
    void append(std::string& out, const pg_result& result, int row);

  private:
    struct Column {
        std::string name; ///< as a JSON string
        TypeName type;
    };
    const TypeNames& types_;
    std::vector<Column> columns_;
    std::string scratch_;
};

/// Names made different by "_2", "_3" …; none of the new ones is a name that was there.
[[nodiscard]] std::vector<std::string> distinct_names(const std::vector<std::string>& names);

} // namespace penstock::query
