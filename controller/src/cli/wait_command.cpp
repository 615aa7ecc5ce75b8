#include "cli/database.hpp"
#include "cli/exit_code.hpp"
#include "cli/query_command.hpp"
#include "cli/readiness.hpp"
#include "query/connection_table.hpp"
#include "query/interrupt.hpp"
#include "query/near_names.hpp"
#include "query/waiter.hpp"

#include <algorithm>
#include <cstdio>

namespace penstock::cli {
namespace {

using namespace std::chrono_literals;
using reconcile::State;

/// Without a notification: how often the controller is looked at, which ends without one.
constexpr auto kLookInterval = 1s;

std::vector<std::string> names_of(const std::vector<query::Connection>& connections) {
    std::vector<std::string> names;
    names.reserve(connections.size());
    for (const query::Connection& connection : connections) {
        names.push_back(connection.name);
    }
    return names;
}

void check_names(query::ConnectionTable& table, const std::vector<std::string>& wanted) {
    if (wanted.empty()) {
        return;
    }
    const std::vector<std::string> known = names_of(table.look_at({}).named);
    for (const std::string& name : wanted) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            throw Exception(ErrorKind::kOption, "connection \"" + name + "\" does not exist", {},
                            known.empty() ? "No connection is configured."
                                          : query::near_names_hint(name, known, "connections"));
        }
    }
}

std::vector<query::Connection> changing(const std::vector<query::Connection>& connections) {
    std::vector<query::Connection> found;
    for (const query::Connection& connection : connections) {
        if (connection.state == State::kPending || connection.state == State::kUpdating) {
            found.push_back(connection);
        }
    }
    return found;
}

bool is_good(const query::Connection& connection) {
    return connection.state == State::kReady || connection.state == State::kDisabled;
}

/// After the wait: says on standard error what is not ready, and of named ones the state of each.
bool report(const std::vector<std::string>& names, const query::Scene& scene) {
    const std::vector<std::string> left = names_of(scene.named);
    bool is_all_good = std::all_of(scene.named.begin(), scene.named.end(), is_good);
    std::string gone;
    for (const std::string& name : names) {
        if (std::find(left.begin(), left.end(), name) == left.end()) {
            gone += name + ": gone\n";
            is_all_good = false;
        }
    }
    if (is_all_good) {
        return true;
    }
    for (const query::Connection& connection : scene.named) {
        if (!names.empty() || !is_good(connection)) {
            std::fprintf(stderr, "%s: %s%s%s\n", connection.name.c_str(),
                         reconcile::name_of(connection.state), connection.error.empty() ? "" : ": ",
                         connection.error.c_str());
        }
    }
    std::fputs(gone.c_str(), stderr);
    return false;
}

} // namespace

int wait_for_connections(const std::vector<std::string>& names, std::chrono::milliseconds limit) {
    const std::unique_ptr<query::Session> session = connect(cluster::Home::from_environment());
    const query::InterruptGuard interrupt;
    (void)read_epoch(*session); // says it when there is no extension
    query::ConnectionTable table(*session);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    table.listen();
    check_names(table, names);
    session->progress().restart();
    while (true) {
        query::Scene scene = table.look_at(names);
        const std::vector<query::Connection> waited_for = changing(scene.named);
        const auto now = std::chrono::steady_clock::now();
        if (waited_for.empty() || now >= deadline) {
            session->progress().clear();
            return report(names, scene) ? kSuccess : kFailed;
        }
        table.count(scene);
        const std::string text = query::describe_wait(waited_for, scene);
        if (!table.has_controller()) {
            throw Exception(query::no_controller_error(text));
        }
        session->set_progress_text("waiting for " + text);
        (void)session->wait_for_notification(std::min(deadline, now + kLookInterval));
    }
}

} // namespace penstock::cli
