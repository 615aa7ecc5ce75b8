#include "query/json_rows.hpp"

#include "query/valid_text.hpp"

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

void JsonRows::begin(const pg_result& columns) {
    std::vector<std::string> names;
    names.reserve(static_cast<std::size_t>(PQnfields(&columns)));
    for (int column = 0; column < PQnfields(&columns); ++column) {
        names.emplace_back(valid_text(PQfname(&columns, column), scratch_));
    }
    columns_.clear();
    for (const std::string& name : distinct_names(names)) {
        const auto column = static_cast<int>(columns_.size());
        columns_.push_back({"", types_.find(PQftype(&columns, column))});
        append_json_text(columns_.back().name, name);
    }
}

std::string JsonRows::description() const {
    std::string text = "[";
    for (const Column& column : columns_) {
        text += text.size() > 1 ? ",{\"name\":" : "{\"name\":";
        text += column.name + ",\"data_type\":";
        append_json_text(text, column.type.name);
        text += '}';
    }
    return text + "]";
}

void JsonRows::append(std::string& out, const pg_result& result, int row) {
    out += '{';
    for (std::size_t index = 0; index < columns_.size(); ++index) {
        const int column = static_cast<int>(index);
        out += index > 0 ? "," : "";
        out += columns_[index].name;
        out += ':';
        if (PQgetisnull(&result, row, column) != 0) {
            out += "null";
        } else {
            append_json_value(out, cell_text(result, row, column, scratch_), columns_[index].type,
                              types_);
        }
    }
    out += '}';
}

} // namespace penstock::query
