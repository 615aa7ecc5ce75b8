#include "query/json_writer.hpp"

#include "query/valid_text.hpp"

#include <libpq-fe.h>

namespace penstock::query {

void JsonWriter::begin(const pg_result& columns) {
    rows_.begin(columns);
    is_first_row_ = true;
    write_text(out_, "{\"columns\":" + rows_.description() + ",\"rows\":[");
}

void JsonWriter::rows(const pg_result& result) {
    for (int row = 0; row < PQntuples(&result); ++row) {
        line_ = is_first_row_ ? "\n" : ",\n";
        is_first_row_ = false;
        rows_.append(line_, result, row);
        write_text(out_, line_);
    }
}

void JsonWriter::end() {
    write_text(out_, "\n]}\n");
    flush(out_);
}

void JsonWriter::fail(const std::string& message) {
    std::string text = "\n],\"error\":";
    append_json_text(text, valid_text(message, line_));
    write_text(out_, text + "}\n");
}

void NdjsonWriter::rows(const pg_result& result) {
    for (int row = 0; row < PQntuples(&result); ++row) {
        line_.clear();
        rows_.append(line_, result, row);
        line_ += '\n';
        write_text(out_, line_);
    }
}

} // namespace penstock::query
