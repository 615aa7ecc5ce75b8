#pragma once

#include "penstock/types/schema.hpp"
#include "penstock/types/value.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace penstock {

/// One condition of a scan: `column op value`. All conditions of a request are joined by AND.
struct Qual {
    std::string column;
    QualOp op = QualOp::kEq;
    TypeId type = TypeId::kText; ///< of the values; the column's own type
    std::vector<Value> values;   ///< kIn: any number, never NULL; NULL tests: none; others: one
    bool is_exact = false;       ///< the server relies on it and does not check again
    friend bool operator==(const Qual&, const Qual&) = default;
};

/// A column that the scan must deliver, in the order of the request.
struct RequestedColumn {
    std::string name;
    TypeId type = TypeId::kText; ///< as the server's catalog has it
    friend bool operator==(const RequestedColumn&, const RequestedColumn&) = default;
};

/// Everything a plugin learns about one scan.
struct ScanRequest {
    std::string connection;
    std::string table;
    std::vector<RequestedColumn> columns; ///< empty: only the number of rows matters (count(*))
    std::vector<Qual> quals;
    std::uint64_t row_target = 0; ///< rows the query is likely to read; 0 = all; only a hint
    std::int64_t backend_pid = 0; ///< for logs
    std::string user_name;        ///< SQL role that runs the query
};

} // namespace penstock
