#include "cli/database.hpp"
#include "cli/exit_code.hpp"
#include "cli/query_command.hpp"
#include "query/interrupt.hpp"

#include <libpq-fe.h>

#include <cstdio>
#include <map>
#include <set>

namespace penstock::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kRefreshLimit = 60s;
/// A connection that is as it should be changes no state: after this quiet time it counts as done.
constexpr auto kQuietTime = 1s;

constexpr const char* kListQuery =
    "select connection_name as name, state, plugin, table_count as tables, error, "
    "file_name || ':' || start_line as configured_in "
    "from penstock.connection_state order by connection_name";

struct Row {
    std::string state;
    std::string error;
};
using Rows = std::map<std::string, Row>;

Rows read_rows(query::Session& session, const std::string& name) {
    const std::string filter = name.empty() ? "" : " where connection_name = $1";
    const query::ResultPointer result =
        session.run("select connection_name, state, error from penstock.connection_state" + filter,
                    name.empty() ? std::vector<std::string>{} : std::vector<std::string>{name});
    Rows rows;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        const auto text = [&](int column) { return PQgetvalue(result.get(), row, column); };
        rows.emplace(text(0), Row{text(1), text(2)});
    }
    return rows;
}

bool is_settled(const Rows& rows) {
    for (const auto& [name, row] : rows) {
        if (row.state == "pending" || row.state == "updating" || row.state == "deleting") {
            return false;
        }
    }
    return true;
}

/// Done: every state is final and none has changed for the quiet time.
Rows wait_until_settled(query::Session& session, const std::string& name) {
    const auto deadline = std::chrono::steady_clock::now() + kRefreshLimit;
    while (true) {
        const auto quiet_end = std::min(deadline, std::chrono::steady_clock::now() + kQuietTime);
        if (session.wait_for_notification(quiet_end)) {
            continue;
        }
        Rows rows = read_rows(session, name);
        if (is_settled(rows) || std::chrono::steady_clock::now() >= deadline) {
            session.progress().clear();
            return rows;
        }
    }
}

bool print_row(const std::string& name, const Row& row) {
    std::printf("%s: %s\n", name.c_str(), row.state.c_str());
    if (row.error.empty()) {
        return row.state == "ready" || row.state == "disabled";
    }
    std::fflush(stdout);
    std::fprintf(stderr, "%s: %s\n", name.c_str(), row.error.c_str());
    return false;
}

} // namespace

int list_connections(const query::OutputOptions& output) {
    const std::unique_ptr<query::Session> session = connect(cluster::Home::from_environment());
    const query::InterruptGuard interrupt;
    query::RunOptions options;
    options.output = output;
    return query::run_scripts(*session, {{kListQuery, ""}}, options, stdout) ? kSuccess : kFailed;
}

int refresh_connections(const std::string& name) {
    const std::unique_ptr<query::Session> session = connect(cluster::Home::from_environment());
    const query::InterruptGuard interrupt;
    (void)session->run("listen connection_state");
    if (name.empty()) {
        (void)session->run("select penstock.refresh()");
    } else {
        (void)session->run("select penstock.refresh($1)", {name});
    }
    session->set_progress_text("refreshing");
    session->progress().restart();
    const Rows rows = wait_until_settled(*session, name);
    bool is_good = true;
    for (const auto& [connection, row] : rows) {
        is_good = print_row(connection, row) && is_good;
    }
    if (rows.empty()) {
        std::printf(name.empty() ? "no connection is configured\n" : "the connection is gone\n");
    }
    return is_good ? kSuccess : kFailed;
}

} // namespace penstock::cli
