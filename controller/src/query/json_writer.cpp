#include "query/json_writer.hpp"

#include <libpq-fe.h>

#include <set>

namespace penstock::query {

std::vector<std::string> distinct_names(const std::vector<std::string>& names) {
    const std::set<std::string> given(names.begin(), names.end());
    std::set<std::string> used;
    std::vector<std::string> distinct;
    for (const std::string& name : names) {
        std::string candidate = name;
        for (int number = 2;
             used.count(candidate) > 0 || (candidate != name && given.count(candidate) > 0);
             ++number) {
            candidate = name + "_" + std::to_string(number);
        }
        used.insert(candidate);
        distinct.push_back(std::move(candidate));
    }
    return distinct;
}

JsonWriter::JsonWriter(const TypeNames& types, std::FILE* out) : types_(types), out_(out) {}

void JsonWriter::begin(const pg_result& columns) {
    std::vector<std::string> names;
    names.reserve(static_cast<std::size_t>(PQnfields(&columns)));
    for (int column = 0; column < PQnfields(&columns); ++column) {
        names.emplace_back(PQfname(&columns, column));
    }
    names = distinct_names(names);
    std::string text = "{\"columns\":[";
    columns_.clear();
    for (std::size_t column = 0; column < names.size(); ++column) {
        Column made{"", types_.find(PQftype(&columns, static_cast<int>(column)))};
        append_json_text(made.key, names[column]);
        text += (column > 0 ? ",{\"name\":" : "{\"name\":") + made.key + ",\"data_type\":";
        append_json_text(text, made.type.name);
        text += '}';
        made.key += ':';
        columns_.push_back(std::move(made));
    }
    is_first_row_ = true;
    write_text(out_, text + "],\"rows\":[");
}

void JsonWriter::append_row(const pg_result& result, int row) {
    line_ += is_first_row_ ? "\n{" : ",\n{";
    is_first_row_ = false;
    for (std::size_t index = 0; index < columns_.size(); ++index) {
        const int column = static_cast<int>(index);
        line_ += index > 0 ? "," : "";
        line_ += columns_[index].key;
        if (PQgetisnull(&result, row, column) != 0) {
            line_ += "null";
            continue;
        }
        const auto length = static_cast<std::size_t>(PQgetlength(&result, row, column));
        append_json_value(line_, {PQgetvalue(&result, row, column), length}, columns_[index].type,
                          types_);
    }
    line_ += '}';
}

void JsonWriter::rows(const pg_result& result) {
    for (int row = 0; row < PQntuples(&result); ++row) {
        line_.clear();
        append_row(result, row);
        write_text(out_, line_);
    }
}

void JsonWriter::end() {
    write_text(out_, "\n]}\n");
    flush(out_);
}

void JsonWriter::fail(const std::string& message) {
    std::string text = "\n],\"error\":";
    append_json_text(text, message);
    write_text(out_, text + "}\n");
}

} // namespace penstock::query
