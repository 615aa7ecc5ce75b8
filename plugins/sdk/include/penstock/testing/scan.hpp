#pragma once

#include "penstock/plugin/plugin.hpp"

#include <string>
#include <vector>

/// For plugin authors' tests: a plugin without processes, sockets or a server. Rows go through the
/// same blocks and the same checks as in production.
namespace penstock::testing {

using Row = std::vector<Value>;

/// A plugin with one configured connection.
class FakeHost final : private ConnectionHost {
  public:
    /// Checks the arguments and connects. Errors: throws Exception, as a user would see it.
    FakeHost(Plugin& plugin, Arguments arguments, std::string connection = "test");

    [[nodiscard]] std::vector<TableSchema> describe();

    /// Scans a table: encodes to blocks, checks every value as the server would, decodes.
    /// `columns` empty = all. Quals get their `is_exact` from the schema. Only `is_exact` quals are
    /// relied on: rows that break one throw Exception kInternal ("… is not exact").
    [[nodiscard]] std::vector<Row> scan(const std::string& table,
                                        std::vector<std::string> columns = {},
                                        std::vector<Qual> quals = {});
    /// As `scan` without columns: how many rows.
    [[nodiscard]] std::uint64_t count(const std::string& table, std::vector<Qual> quals = {});

    /// Joins tables, through the same checks as in production. All quals count as exact. Errors:
    /// throws Exception, kType where the tables do not offer the join.
    [[nodiscard]] std::vector<Row> join(Join join);

    /// Warnings of the last scan.
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }
    [[nodiscard]] int announcements() const noexcept { return announcements_; }

  private:
    void announce_schema_change() override;
    /// The table by name, with its owner; throws kNotFound.
    std::shared_ptr<Table> find(const std::string& table);

    std::unique_ptr<Connection> connection_;
    std::vector<std::string> warnings_;
    int announcements_ = 0;
};

} // namespace penstock::testing
