#include "catalog/difference.hpp"

#include "penstock/types/type.hpp"

#include <algorithm>
#include <set>

namespace penstock::catalog {

namespace {

/// Builds the statements for one table.
class TableWriter {
  public:
    TableWriter(const Place& place, const Quoting& quoting, std::string table)
        : place_(place), quoting_(quoting), table_(std::move(table)),
          quoted_(quoting.name(place.connection) + "." + quoting.name(table_)) {}

    void create(const TableSchema& wanted) {
        std::string columns;
        for (const Column& column : wanted.columns) {
            columns += (columns.empty() ? "" : ", ") + definition_of(column);
        }
        add({.sql = "create foreign table " + quoted_ + " (" + columns + ") server " +
                    quoting_.name(place_.server) +
                    option_clause(table_options(place_.connection, wanted))});
    }

    void drop(bool rest_needs_it) {
        add({.sql = "drop foreign table if exists " + quoted_ + " restrict",
             .can_be_held = true,
             .rest_needs_it = rest_needs_it});
    }

    void alter(const LiveTable& live, const TableSchema& wanted) {
        const std::string options =
            option_changes(live.options, table_options(place_.connection, wanted));
        if (!options.empty()) {
            add({.sql = alter_table() + "options (" + options + ")"});
        }
        std::map<std::string, const LiveColumn*> live_by_name;
        for (const LiveColumn& column : live.columns) {
            live_by_name.emplace(column.name, &column);
        }
        std::set<std::string> wanted_names;
        for (const Column& column : wanted.columns) {
            wanted_names.insert(column.name);
            const auto found = live_by_name.find(column.name);
            if (found == live_by_name.end()) {
                add({.sql = alter_table() + "add column " + definition_of(column)});
            } else {
                alter_column(*found->second, column);
            }
        }
        for (const LiveColumn& column : live.columns) {
            if (!wanted_names.contains(column.name)) {
                drop_column(column.name);
            }
        }
    }

    void comment(const LiveTable& live, const TableSchema& wanted) {
        if (live.comment != wanted.description) {
            add({.sql = "comment on foreign table " + quoted_ + " is " +
                        comment_literal(wanted.description)});
        }
        std::map<std::string, std::string> live_comments;
        for (const LiveColumn& column : live.columns) {
            live_comments.emplace(column.name, column.comment);
        }
        for (const Column& column : wanted.columns) {
            const auto found = live_comments.find(column.name);
            if (found != live_comments.end() && found->second != column.description) {
                add({.sql = "comment on column " + quoted_ + "." + quoting_.name(column.name) +
                            " is " + comment_literal(column.description)});
            }
        }
    }

    [[nodiscard]] TableChange take() { return {std::move(table_), std::move(changes_)}; }
    [[nodiscard]] bool empty() const { return changes_.empty(); }

  private:
    void add(Change change) { changes_.push_back(std::move(change)); }

    [[nodiscard]] std::string alter_table() const { return "alter foreign table " + quoted_ + " "; }

    [[nodiscard]] std::string comment_literal(const std::string& text) const {
        return text.empty() ? "null" : quoting_.literal(text);
    }

    [[nodiscard]] std::string definition_of(const Column& column) const {
        return quoting_.name(column.name) + " " + std::string{find_type(column.type)->sql_name} +
               option_clause(column_options(column));
    }

    [[nodiscard]] std::string option_clause(const std::vector<OptionText>& options) const {
        const std::string list = option_changes({}, options, "");
        return list.empty() ? "" : " options (" + list + ")";
    }

    /// `add a 'x', set b 'y', drop c`; "" when they are equal.
    [[nodiscard]] std::string option_changes(const std::vector<OptionText>& live,
                                             const std::vector<OptionText>& wanted,
                                             const char* add_verb = "add ") const {
        std::map<std::string, std::string> rest;
        for (const OptionText& option : live) {
            rest.emplace(option.name, option.value);
        }
        std::vector<std::string> parts;
        for (const OptionText& option : wanted) {
            const auto found = rest.find(option.name);
            const bool is_new = found == rest.end();
            if (is_new || found->second != option.value) {
                parts.push_back((is_new ? add_verb : "set ") + quoting_.name(option.name) + " " +
                                quoting_.literal(option.value));
            }
            if (!is_new) {
                rest.erase(found);
            }
        }
        for (const auto& [name, value] : rest) {
            parts.push_back("drop " + quoting_.name(name));
        }
        std::string list;
        for (const std::string& part : parts) {
            list += (list.empty() ? "" : ", ") + part;
        }
        return list;
    }

    void alter_column(const LiveColumn& live, const Column& wanted) {
        const std::string alter = alter_table() + "alter column " + quoting_.name(wanted.name);
        const TypeInfo& type = *find_type(wanted.type);
        if (live.type_oid != type.oid) {
            add({.sql = alter + " type " + std::string{type.sql_name},
                 .can_be_held = true,
                 .column = wanted.name});
        }
        const std::string options = option_changes(live.options, column_options(wanted));
        if (!options.empty()) {
            add({.sql = alter + " options (" + options + ")"});
        }
    }

    void drop_column(const std::string& name) {
        add({.sql = alter_table() + "drop column " + quoting_.name(name) + " restrict",
             .can_be_held = true,
             .column = name});
    }

    const Place& place_;
    const Quoting& quoting_;
    std::string table_;
    std::string quoted_;
    std::vector<Change> changes_;
};

std::map<std::string, const TableSchema*> by_name(const std::vector<TableSchema>& tables) {
    std::map<std::string, const TableSchema*> map;
    for (const TableSchema& table : tables) {
        map.emplace(table.name, &table);
    }
    return map;
}

/// Dropped columns keep their numbers, so a table that changes for years runs out of them.
bool has_room_for(const LiveTable& live, const TableSchema& wanted) {
    std::set<std::string> names;
    for (const LiveColumn& column : live.columns) {
        names.insert(column.name);
    }
    const auto is_new = [&names](const Column& column) { return !names.contains(column.name); };
    const auto new_count = std::count_if(wanted.columns.begin(), wanted.columns.end(), is_new);
    return live.numbers_used + static_cast<std::size_t>(new_count) <= kMaxColumns;
}

void write_wanted(TableWriter& writer, const LiveTable* live, const TableSchema& wanted,
                  const Place& place) {
    if (live == nullptr) {
        writer.create(wanted);
        return;
    }
    // A foreign table cannot move to another server either.
    if (live->server != place.server || !has_room_for(*live, wanted)) {
        writer.drop(true);
        writer.create(wanted);
        return;
    }
    writer.alter(*live, wanted);
}

} // namespace

std::vector<TableChange> difference(const LiveTables& live, const std::vector<TableSchema>& wanted,
                                    const Place& place, const Quoting& quoting) {
    const auto wanted_by_name = by_name(wanted);
    std::set<std::string> names;
    for (const auto& [name, table] : live) {
        if (table.is_foreign_table) {
            names.insert(name);
        }
    }
    for (const auto& [name, table] : wanted_by_name) {
        names.insert(name);
    }
    std::vector<TableChange> result;
    for (const std::string& name : names) {
        TableWriter writer(place, quoting, name);
        const auto live_table = live.find(name);
        const auto wanted_table = wanted_by_name.find(name);
        if (wanted_table == wanted_by_name.end()) {
            writer.drop(false);
        } else {
            write_wanted(writer, live_table == live.end() ? nullptr : &live_table->second,
                         *wanted_table->second, place);
        }
        if (!writer.empty()) {
            result.push_back(writer.take());
        }
    }
    return result;
}

std::vector<TableChange> comment_difference(const LiveTables& live,
                                            const std::vector<TableSchema>& wanted,
                                            const Place& place, const Quoting& quoting) {
    std::vector<TableChange> result;
    for (const auto& [name, table] : by_name(wanted)) {
        const auto live_table = live.find(name);
        if (live_table == live.end() || !live_table->second.is_foreign_table) {
            continue;
        }
        TableWriter writer(place, quoting, name);
        writer.comment(live_table->second, *table);
        if (!writer.empty()) {
            result.push_back(writer.take());
        }
    }
    return result;
}

} // namespace penstock::catalog
