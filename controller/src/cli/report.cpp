#include "cli/report.hpp"

#include "query/json_value.hpp"
#include "query/session.hpp"

#include <libpq-fe.h>

#include <stdexcept>

namespace penstock::cli {
namespace {

constexpr Oid kTextType = 25;

void require(int is_good) {
    if (is_good == 0) {
        throw std::bad_alloc(); // the only way in which libpq fails to build a result
    }
}

/// libpq's own result, filled by hand: the printers take nothing else.
query::ResultPointer make_result(const std::vector<std::string>& columns,
                                 const std::vector<std::vector<Cell>>& rows) {
    query::ResultPointer result(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK));
    std::vector<PGresAttDesc> descriptions;
    for (const std::string& column : columns) {
        PGresAttDesc description{};
        description.name = const_cast<char*>(column.c_str()); // NOLINT: libpq copies it
        description.typid = kTextType;
        description.typlen = -1;
        description.atttypmod = -1;
        descriptions.push_back(description);
    }
    require(PQsetResultAttrs(result.get(), static_cast<int>(columns.size()), descriptions.data()));
    for (std::size_t row = 0; row < rows.size(); ++row) {
        for (std::size_t column = 0; column < columns.size(); ++column) {
            const Cell& cell = rows[row][column];
            std::string text = cell.value_or("");
            require(PQsetvalue(result.get(), static_cast<int>(row), static_cast<int>(column),
                               cell ? text.data() : nullptr,
                               cell ? static_cast<int>(text.size()) : -1));
        }
    }
    return result;
}

} // namespace

void print_rows(const std::vector<std::string>& columns, const std::vector<std::vector<Cell>>& rows,
                const query::OutputOptions& options) {
    const query::TypeNames types({{kTextType, query::TypeName{"text"}}});
    const query::ResultPointer result = make_result(columns, rows);
    const std::unique_ptr<query::ResultWriter> writer = query::make_writer(options, types, stdout);
    writer->begin(*result);
    writer->rows(*result);
    writer->end();
}

} // namespace penstock::cli
