#pragma once

#include "query/connection_table.hpp"

#include <set>
#include <string>
#include <vector>

namespace penstock::query {

/// Watches for connections that change while a run uses them: two results of it, or two halves of
/// one, may then not fit together. Costs nothing but a notification until something changes.
///
/// What a statement uses is found by its names: tables and views of the catalog that it may mean
/// and what those views are made of. What a function uses is not found.
class Changes {
  public:
    Changes(Session& session, ConnectionTable& connections)
        : session_(session), connections_(connections) {}

    /// Warns on standard error of each connection that changed since a statement that used it
    /// began, once for each connection. Before each attempt of a statement, so that what it waited
    /// for does not concern it, and after the last.
    void check();
    /// A statement has run.
    void add(const std::string& sql) { statements_.push_back(sql); }

  private:
    void warn(const std::vector<std::string>& notifications);

    Session& session_;
    ConnectionTable& connections_;
    std::vector<std::string> statements_; ///< whose names are not looked at yet
    std::set<std::vector<std::string>> names_;
    std::vector<std::string> postponed_; ///< notifications not looked at yet
    std::set<std::string> warned_;
};

} // namespace penstock::query
