#pragma once

#include "query/failure.hpp"
#include "query/session.hpp"
#include "query/wait_rules.hpp"

#include <string>
#include <vector>

namespace penstock::query {

/// A PostgreSQL array of text, written out as a parameter.
[[nodiscard]] std::string array_literal(const std::vector<std::string>& elements);

/// What the executor asks of schema `penstock`, through the session that runs the statements. Only
/// outside of a transaction block, unless said otherwise.
/// Errors: of every call, those of Session::run.
class ConnectionTable {
  public:
    explicit ConnectionTable(Session& session) : session_(session) {}

    /// Before the first statement: the server's own waiting is switched off, because the rules here
    /// are in force and show what they do, and notifications are asked for.
    void prepare();
    /// In a transaction block, where nothing can be tried again: the server waits until its end.
    void let_server_wait(std::chrono::milliseconds limit);
    /// Is there anything to ask? Not on a server without the extension. Known once prepared.
    [[nodiscard]] bool exists();
    /// So that nothing is missed, this comes before the first look.
    void listen() { (void)session_.run("listen connection_state"); }

    /// Of the connections that `failure` names, and of those on the session's search path when it
    /// gives no schema.
    [[nodiscard]] Scene look(const Failure& failure);
    /// Of the connections on a path.
    [[nodiscard]] Scene look_at_path(const std::vector<std::string>& path);
    /// Of these connections; all of them for an empty list. In order of their names.
    [[nodiscard]] Scene look_at(const std::vector<std::string>& names);

    /// Fills the two counts, which a look leaves out: only the line of a wait needs them.
    void count(Scene& scene);

    /// Does a penstockd lead this database? Without one no state will ever change.
    [[nodiscard]] bool has_controller();
    /// Asks for the tables of a lazy connection.
    void load(const std::string& name);

  private:
    /// Is the path the database's, and not one of the user?
    [[nodiscard]] bool follow_path();
    [[nodiscard]] std::vector<Connection> rows(const std::string& filter, const std::string& order,
                                               const std::vector<std::string>& parameters);
    [[nodiscard]] bool knows_offers();

    Session& session_;
    std::optional<bool> exists_;
    std::optional<bool> knows_offers_;
    bool can_server_wait_ = false;
    std::optional<std::string> followed_path_; ///< the path that the session has from us
};

} // namespace penstock::query
