#pragma once

#include "penstock/plugin/plugin.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

/// A table as a list of columns, each with the function that reads it: the definition of a column
/// and its value stand side by side, and only what a query asks for is read.
namespace penstock::system {

/// One column and how to read it from `Source`, which is one row before it has columns.
template <typename Source>
struct ColumnOf {
    Column column;
    Value (*read)(const Source&);
};

[[nodiscard]] inline Column column(std::string name, TypeId type, std::string description) {
    Column made;
    made.name = std::move(name);
    made.type = type;
    made.description = std::move(description);
    return made;
}

/// A column whose `=` and IN conditions the table looks up itself.
[[nodiscard]] inline Column key_column(std::string name, TypeId type, std::string description,
                                       KeyKind key = KeyKind::kOptional) {
    Column made = column(std::move(name), type, std::move(description));
    made.exact = kEqualityOps;
    made.key = key;
    return made;
}

/// Turns sources into rows of the requested columns.
template <typename Source>
class RowsOf {
  public:
    RowsOf(std::span<const ColumnOf<Source>> columns, RowSink& sink)
        : columns_(columns), sink_(sink) {}

    /// Adds a row; none when the source says, after it was read, that it has vanished meanwhile.
    void add(const Source& source) {
        sink_.check_cancelled();
        values_.clear();
        for (std::size_t i = 0; i < sink_.column_count(); ++i) {
            values_.push_back(columns_[sink_.schema_index(i)].read(source));
        }
        if constexpr (requires { source.has_vanished(); }) {
            if (source.has_vanished()) {
                return;
            }
        }
        if (values_.empty()) {
            sink_.add_count(1);
            return;
        }
        for (std::size_t i = 0; i < values_.size(); ++i) {
            append_value(sink_.column(i), values_[i], columns_[sink_.schema_index(i)].column.name);
        }
        sink_.end_row();
    }

    /// Is one of these columns asked for?
    [[nodiscard]] bool wants_any(std::initializer_list<std::string_view> names) const {
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (sink_.wants(i) &&
                std::ranges::find(names, columns_[i].column.name) != names.end()) {
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] RowSink& sink() noexcept { return sink_; }

  private:
    std::span<const ColumnOf<Source>> columns_;
    RowSink& sink_;
    std::vector<Value> values_; ///< of the row in hand; kept for its memory
};

/// What a table is, apart from its columns.
struct TableText {
    std::string name;
    std::string description;
    double row_estimate = 1000;
    double startup_cost_ms = 1;
};

template <typename Source>
class TableOf final : public Table {
  public:
    /// Finds the sources that satisfy the request's conditions and adds each to the rows.
    using Produce = void (*)(const ScanRequest& request, RowsOf<Source>& rows);

    TableOf(TableText text, std::vector<ColumnOf<Source>> columns, Produce produce)
        : columns_(std::move(columns)), produce_(produce) {
        schema_.name = std::move(text.name);
        schema_.description = std::move(text.description);
        schema_.row_estimate = text.row_estimate;
        schema_.startup_cost_ms = text.startup_cost_ms;
        for (const ColumnOf<Source>& each : columns_) {
            schema_.columns.push_back(each.column);
        }
    }

    [[nodiscard]] const TableSchema& schema() const override { return schema_; }

    void scan(const ScanRequest& request, RowSink& sink) override {
        RowsOf<Source> rows(columns_, sink);
        produce_(request, rows);
    }

  private:
    TableSchema schema_;
    std::vector<ColumnOf<Source>> columns_;
    Produce produce_;
};

} // namespace penstock::system
