#include "query/csv_writer.hpp"

#include "query/valid_text.hpp"

#include <libpq-fe.h>

namespace penstock::query {

CsvWriter::CsvWriter(char separator, bool has_header, std::FILE* out)
    : separator_(separator), has_header_(has_header), out_(out) {}

std::string CsvWriter::field(std::string_view text, char separator) {
    const char special[] = {separator, '"', '\n', '\r', '\0'};
    if (!text.empty() && text != "\\." && text.find_first_of(special) == std::string_view::npos) {
        return std::string(text);
    }
    std::string quoted = "\"";
    for (const char letter : text) {
        quoted.append(letter == '"' ? 2 : 1, letter);
    }
    return quoted + '"';
}

void CsvWriter::begin(const pg_result& columns) {
    if (!has_header_) {
        return;
    }
    std::string line;
    for (int column = 0; column < PQnfields(&columns); ++column) {
        if (column > 0) {
            line += separator_;
        }
        line += field(valid_text(PQfname(&columns, column), scratch_), separator_);
    }
    write_text(out_, line + "\n");
}

void CsvWriter::rows(const pg_result& result) {
    std::string line;
    const int column_count = PQnfields(&result);
    for (int row = 0; row < PQntuples(&result); ++row) {
        line.clear();
        for (int column = 0; column < column_count; ++column) {
            if (column > 0) {
                line += separator_;
            }
            if (PQgetisnull(&result, row, column) == 0) {
                line += field(cell_text(result, row, column, scratch_), separator_);
            }
        }
        line += '\n';
        write_text(out_, line);
    }
}

void CsvWriter::end() {
    flush(out_);
}

} // namespace penstock::query
