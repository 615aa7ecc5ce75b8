#include "cli/readiness.hpp"

#include <libpq-fe.h>

namespace penstock::cli {
namespace {

using namespace std::chrono_literals;

/// The controller's row has no notification, so it is looked at now and then.
constexpr auto kLookInterval = 200ms;

std::string cell(const query::ResultPointer& result, int row, int column) {
    return PQgetvalue(result.get(), row, column);
}

/// Has a controller that leads since after `epoch` had a look at everything?
bool is_settled(query::Session& session, std::int64_t epoch) {
    const query::ResultPointer found =
        session.run("select from penstock.controller where settled_at is not null and epoch > " +
                    std::to_string(epoch));
    return PQntuples(found.get()) > 0;
}

} // namespace

std::int64_t read_epoch(query::Session& session) {
    if (PQntuples(
            session.run("select from pg_catalog.pg_extension where extname = 'penstock'").get()) ==
        0) {
        throw Exception(ErrorKind::kNotFound,
                        "database \"" + std::string(PQdb(session.handle())) +
                            "\" does not have the extension \"penstock\"",
                        {},
                        "Install it on the server (make install), put it into "
                        "shared_preload_libraries, and run as a superuser: create extension "
                        "penstock");
    }
    const query::ResultPointer epoch = session.run("select epoch from penstock.controller");
    return PQntuples(epoch.get()) == 0 ? 0 : std::stoll(cell(epoch, 0, 0));
}

Readiness read_readiness(query::Session& session) {
    Readiness readiness;
    const query::ResultPointer counts =
        session.run("select state, count(*) from penstock.connection_state group by 1 order by "
                    "pg_catalog.array_position(array['ready'], state), 1");
    for (int row = 0; row < PQntuples(counts.get()); ++row) {
        readiness.by_state[cell(counts, row, 0)] = std::stoll(cell(counts, row, 1));
        readiness.summary +=
            (row > 0 ? ", " : "") + cell(counts, row, 1) + " " + cell(counts, row, 0);
    }
    const query::ResultPointer waiting =
        session.run("select connection_name, state from penstock.connection_state "
                    "where state in ('pending', 'updating') order by 1");
    for (int row = 0; row < PQntuples(waiting.get()); ++row) {
        readiness.waiting.push_back(cell(waiting, row, 0) + " (" + cell(waiting, row, 1) + ")");
    }
    readiness.is_ready = readiness.waiting.empty();
    return readiness;
}

Readiness wait_until_ready(query::Session& session, std::int64_t epoch, int limit_s,
                           const std::function<void()>& check) {
    (void)session.run("listen connection_state");
    session.set_progress_text("waiting for the connections");
    session.progress().restart();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(limit_s);
    while (true) {
        check();
        Readiness readiness = read_readiness(session);
        readiness.is_ready = readiness.is_ready && is_settled(session, epoch);
        const auto now = std::chrono::steady_clock::now();
        if (readiness.is_ready || now > deadline) {
            session.progress().clear();
            return readiness;
        }
        (void)session.wait_for_notification(std::min(deadline, now + kLookInterval));
    }
}

} // namespace penstock::cli
