#include "penstock/types/schema.hpp"

#include "penstock/types/evaluator.hpp"
#include "penstock/types/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

namespace penstock {

namespace {

/// Source: PostgreSQL's access/sysattr.h; no user column may have one of these names.
constexpr std::array<std::string_view, 6> kSystemColumns{"ctid", "xmin",     "cmin",
                                                         "xmax", "tableoid", "cmax"};

/// What is wrong with a name, as the rest of a sentence; nullptr when it is fine.
const char* fault_of_name(std::string_view name) noexcept {
    if (name.empty()) {
        return "is empty";
    }
    if (name.size() > kMaxNameBytes) {
        return "is longer than 63 bytes, where PostgreSQL would cut it";
    }
    if (!is_valid_text(name)) {
        return "is not valid UTF-8";
    }
    const bool has_control = std::any_of(name.begin(), name.end(), [](char character) {
        const auto byte = static_cast<unsigned char>(character);
        return byte < 0x20 || byte == 0x7F;
    });
    return has_control ? "has a control character" : nullptr;
}

/// A name as it may stand in a message: cut, and only with bytes that can be shown.
std::string shown(std::string_view name) {
    constexpr std::size_t kShownBytes = 80;
    std::string text;
    for (const char character : name.substr(0, kShownBytes)) {
        const auto byte = static_cast<unsigned char>(character);
        text += byte < 0x20 || byte == 0x7F ? '?' : character;
    }
    text.resize(find_invalid_utf8(text));
    return '"' + text + (name.size() > kShownBytes ? "…\"" : "\"");
}

Error refuse(std::string message, std::string detail = {}) {
    return Error::make(ErrorKind::kOption, std::move(message), std::move(detail));
}

bool is_estimate(double value) {
    return std::isfinite(value) && value >= 0;
}

Status check_column(const std::string& table, const Column& column) {
    const std::string what = "column " + shown(column.name) + " of table " + shown(table);
    if (const char* fault = fault_of_name(column.name)) {
        return refuse("name of " + what + ' ' + fault);
    }
    if (std::find(kSystemColumns.begin(), kSystemColumns.end(), column.name) !=
        kSystemColumns.end()) {
        return refuse(what + " has the name of a system column");
    }
    if (find_type(column.type) == nullptr) {
        return refuse(what + " has an unknown type");
    }
    if (!is_estimate(column.distinct_estimate)) {
        return refuse("estimate of " + what + " is not a positive number");
    }
    if (column.batch > kMaxBatch) {
        return refuse("batch of " + what + " is over " + std::to_string(kMaxBatch));
    }
    if (!is_valid_text(column.description)) {
        return refuse("description of " + what + " is not valid UTF-8");
    }
    if (column.is_sortable && !can_be_ordered(column.type)) {
        return refuse(what + " cannot be sortable",
                      "The order of type " + std::string(find_type(column.type)->sql_name) +
                          " is the server's alone.");
    }
    return {};
}

/// Every column of the order is there, once, and of a type whose order a plugin can keep.
Status check_order(const TableSchema& table) {
    std::set<std::string_view> names;
    for (const SortKey& key : table.ordered_by) {
        const auto column =
            std::find_if(table.columns.begin(), table.columns.end(),
                         [&](const Column& each) { return each.name == key.column; });
        if (column == table.columns.end() || !can_be_ordered(column->type) ||
            !names.insert(key.column).second) {
            return refuse("order of table " + shown(table.name) + " names column " +
                              shown(key.column),
                          "Each column of the order is one of the table, named once, and of a type "
                          "that can be ordered by a plugin.");
        }
    }
    return {};
}

/// The shortest decimal text that reads back as the same number.
std::string text_of(double number) {
    std::array<char, 32> buffer{};
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    return {buffer.data(), result.ptr};
}

} // namespace

Status check_schema(const TableSchema& table) {
    const std::string what = "table " + shown(table.name);
    if (const char* fault = fault_of_name(table.name)) {
        return refuse("name of " + what + ' ' + fault);
    }
    if (!is_valid_text(table.description)) {
        return refuse("description of " + what + " is not valid UTF-8");
    }
    if (table.columns.empty()) {
        return refuse(what + " has no columns");
    }
    if (table.columns.size() > kMaxColumns) {
        return refuse(what + " has too many columns",
                      "It has " + std::to_string(table.columns.size()) +
                          " columns; PostgreSQL allows " + std::to_string(kMaxColumns) + '.');
    }
    if (!is_estimate(table.row_estimate) || !is_estimate(table.startup_cost_ms)) {
        return refuse("estimates of " + what + " are not positive numbers");
    }
    if (table.max_parts > kMaxParts) {
        return refuse("parts of " + what + " are over " + std::to_string(kMaxParts));
    }
    std::set<std::string_view> names;
    for (const Column& column : table.columns) {
        Status status = check_column(table.name, column);
        if (!status) {
            return status;
        }
        if (!names.insert(column.name).second) {
            return refuse("column " + shown(column.name) + " of " + what + " is there twice");
        }
    }
    return check_order(table);
}

std::vector<OptionText> table_options(const std::string& connection, const TableSchema& table) {
    const TableSchema defaults;
    std::vector<OptionText> options{{"connection", connection}, {"table", table.name}};
    if (table.row_estimate != defaults.row_estimate) {
        options.push_back({"rows", text_of(table.row_estimate)});
    }
    if (table.startup_cost_ms != defaults.startup_cost_ms) {
        options.push_back({"startup_ms", text_of(table.startup_cost_ms)});
    }
    if (table.max_parts != defaults.max_parts) {
        options.push_back({"parts", std::to_string(table.max_parts)});
    }
    if (!table.ordered_by.empty()) {
        options.push_back({"ordered_by", to_text(table.ordered_by)});
    }
    if (!table.joins.empty()) {
        options.push_back({"joins", table.joins.to_text()});
    }
    if (table.evaluator != defaults.evaluator) {
        options.push_back({"evaluator", std::to_string(table.evaluator)});
    }
    return options;
}

std::vector<OptionText> column_options(const Column& column) {
    std::vector<OptionText> options;
    if (!column.exact.empty()) {
        options.push_back({"exact", column.exact.to_text()});
    }
    if (!column.superset.empty()) {
        options.push_back({"superset", column.superset.to_text()});
    }
    if (column.key != KeyKind::kNone) {
        options.push_back({"key", std::string(name_of(column.key))});
    }
    if (column.batch != 0) {
        options.push_back({"batch", std::to_string(column.batch)});
    }
    if (column.is_unique) {
        options.push_back({"unique", "true"});
    }
    if (column.distinct_estimate != 0) {
        options.push_back({"distinct", text_of(column.distinct_estimate)});
    }
    if (column.is_sortable) {
        options.push_back({"sortable", "true"});
    }
    return options;
}

} // namespace penstock
