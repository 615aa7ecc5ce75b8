#include "query/waiter.hpp"

#include <libpq-fe.h>

namespace penstock::query {
namespace {

using namespace std::chrono_literals;
using Action = Decision::Action;

/// Without a notification: how often the controller is looked at, which ends without one.
constexpr auto kLookInterval = 1s;

constexpr const char* kBlockRemark =
    "HINT:  The transaction block is aborted, so the statement was not tried again. If a "
    "connection is still loading, wait for it before the block: penstock connection wait\n";

std::string statement_detail(const Failure& failure) {
    return "The statement failed with: " + failure.message + ".";
}

} // namespace

std::string duration_text(std::chrono::milliseconds duration) {
    const auto count = duration.count();
    if (count < 1000) {
        return std::to_string(count) + " ms";
    }
    const std::string tenths = count % 1000 == 0 ? "" : "." + std::to_string(count % 1000 / 100);
    return std::to_string(count / 1000) + tenths + " s";
}

Error error_of(const Connection& connection) {
    return Error::make(ErrorKind::kRemote,
                       "connection \"" + connection.name + "\" is in error: " + connection.error,
                       {},
                       "When the reason is gone, try it again with: penstock connection refresh " +
                           connection.name);
}

Error no_controller_error(const std::string& waited_for) {
    return Error::make(ErrorKind::kUnavailable, "the controller (penstockd) does not run",
                       "Nobody works on what is waited for: " + waited_for + ".",
                       "Start it with: penstock service start");
}

Next Waiter::after_failure(const pg_result& result, const std::string& sql) {
    if (is_outdated_plan(result)) {
        return after_outdated_plan(sql);
    }
    std::optional<Failure> failure = find_missing(result, sql);
    if (!failure || options_.limit == 0ms) {
        return {};
    }
    if (!connections_.exists()) {
        return {};
    }
    if (session_.is_in_block()) {
        const bool is_table = failure->missing.kind == Missing::Kind::kTable;
        return {false, std::nullopt, is_table ? kBlockRemark : ""};
    }
    try {
        if (const std::string text = analysed_text(sql); text != sql) {
            failure = find_missing(result, text);
        }
        return after_missing(std::move(*failure));
    } catch (const Exception& exception) {
        if (exception.error().kind == ErrorKind::kUnavailable) {
            throw;
        }
        return {}; // a role that may not look at the table gets the server's error as it is
    }
}

/// EXECUTE fails with a position in the text of its PREPARE.
std::string Waiter::analysed_text(const std::string& sql) {
    const std::optional<std::string> name = prepared_name(sql);
    if (!name) {
        return sql;
    }
    const ResultPointer found = session_.run(
        "select statement from pg_catalog.pg_prepared_statements where name = $1 and from_sql",
        {*name});
    return PQntuples(found.get()) == 0 ? sql : PQgetvalue(found.get(), 0, 0);
}

Next Waiter::after_missing(Failure failure) {
    deadline_ = deadline_.value_or(std::chrono::steady_clock::now() + options_.limit);
    connections_.listen(); // again: the user's statements may have ended it
    Decision decision;
    const Look look = [this, &failure](Scene& scene) {
        scene = connections_.look(failure);
        if (!failure.is_exact && failure.missing.kind == Missing::Kind::kTable) {
            failure.missing.has_schema = !scene.named.empty();
        }
        names_schema_ = failure.missing.has_schema;
        return decide(failure.missing, scene, attempted_);
    };
    if (failure.is_nested) {
        Scene scene;
        decision = look(scene);
        return nested_answer(decision, scene, failure);
    }
    if (std::optional<Error> error = wait(look, decision)) {
        error->detail =
            (error->detail.empty() ? "" : error->detail + " ") + statement_detail(failure);
        return {false, std::move(error), {}};
    }
    return answer(decision, failure);
}

/// What a function has done already might be done twice.
Next Waiter::nested_answer(const Decision& decision, Scene& scene, const Failure& failure) {
    if (decision.action == Action::kWait) {
        connections_.count(scene);
        return {false, std::nullopt,
                "HINT:  It failed inside of a function, so the statement was not tried again. Wait "
                "first for " +
                    describe_wait(decision.connections, scene) + ".\n"};
    }
    return decision.action == Action::kRetry ? Next{} : answer(decision, failure);
}

Next Waiter::answer(const Decision& decision, const Failure& failure) {
    switch (decision.action) {
    case Action::kRetry:
        if (std::chrono::steady_clock::now() > *deadline_) {
            return {}; // it changes again and again, and never has what is missing
        }
        for (const Connection& connection : decision.connections) {
            attempted_[connection.name] = connection.generation;
        }
        return {true, std::nullopt, {}};
    case Action::kBlame: {
        Error error = error_of(decision.connections.front());
        error.detail = statement_detail(failure);
        return {false, std::move(error), {}};
    }
    case Action::kSuspect: {
        const Error error = error_of(decision.connections.front());
        return {false, std::nullopt,
                "DETAIL:  Its table may be missing because " + error.message +
                    "\nHINT:  " + error.hint + "\n"};
    }
    case Action::kGiveUp:
    case Action::kWait:
        break;
    }
    return {};
}

/// A prepared statement keeps the columns it was prepared with, so it is prepared anew.
Next Waiter::after_outdated_plan(const std::string& sql) {
    const std::optional<std::string> name = prepared_name(sql);
    if (!name || has_prepared_again_ || session_.is_in_block()) {
        return {};
    }
    has_prepared_again_ = true;
    const std::string prepare = analysed_text(sql);
    if (prepare == sql) {
        return {};
    }
    const std::unique_ptr<char, decltype(&PQfreemem)> quoted(
        PQescapeIdentifier(session_.handle(), name->data(), name->size()), &PQfreemem);
    try {
        (void)session_.run("deallocate " + std::string(quoted.get()));
        (void)session_.run(prepare);
    } catch (const Exception& exception) {
        if (exception.error().kind == ErrorKind::kUnavailable) {
            throw;
        }
        return {};
    }
    return {true, std::nullopt, {}};
}

std::optional<Error> Waiter::wait_for_path(const std::vector<std::string>& path) {
    if (options_.limit == 0ms || !connections_.exists()) {
        return std::nullopt;
    }
    connections_.listen();
    deadline_ = std::chrono::steady_clock::now() + options_.limit;
    Decision decision;
    const Look look = [this, &path](Scene& scene) {
        scene = connections_.look_at_path(path);
        return decide_for_path(scene);
    };
    if (std::optional<Error> error = wait(look, decision)) {
        return error;
    }
    if (decision.action == Action::kBlame) {
        return error_of(decision.connections.front());
    }
    return std::nullopt;
}

std::optional<Error> Waiter::wait(const Look& look, Decision& decision) {
    session_.progress().restart();
    std::optional<Error> error;
    while (true) {
        Scene scene;
        decision = look(scene);
        if (decision.action != Action::kWait) {
            break;
        }
        for (const Connection& connection : decision.connections) {
            attempted_[connection.name] = connection.generation;
        }
        ask_for_tables(decision);
        connections_.count(scene);
        session_.set_progress_text("waiting for " + describe_wait(decision.connections, scene));
        error = obstacle(decision, scene);
        if (error) {
            break;
        }
        (void)session_.wait_for_notification(std::min(*deadline_, next_look_));
    }
    session_.progress().clear();
    session_.set_progress_text("running the query");
    return error;
}

std::optional<Error> Waiter::obstacle(const Decision& decision, const Scene& scene) {
    const std::string waited_for = describe_wait(decision.connections, scene);
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_look_) { // not with each of thousands of notifications
        next_look_ = now + kLookInterval;
        if (!connections_.has_controller()) {
            return no_controller_error(waited_for);
        }
    }
    if (now >= *deadline_) {
        return Error::make(ErrorKind::kLimit,
                           "waited " + duration_text(options_.limit) + " in vain for " + waited_for,
                           {},
                           "Wait longer with --wait-timeout, or see what goes on with: "
                           "penstock connection list");
    }
    return std::nullopt;
}

/// Of a lazy connection, or so that one which the statement names comes before others. Names
/// without a schema hurry nobody: they may mean thousands.
void Waiter::ask_for_tables(const Decision& decision) {
    for (const Connection& connection : decision.connections) {
        const bool is_wanted =
            connection.state == reconcile::State::kReady || (names_schema_ && connection.may_offer);
        if (is_wanted && asked_.insert(connection.name).second) {
            connections_.load(connection.name);
        }
    }
}

} // namespace penstock::query
