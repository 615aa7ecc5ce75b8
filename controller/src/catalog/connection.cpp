#include "catalog/connection.hpp"

#include <exception>

namespace penstock::catalog {

namespace {

/// Comes before everything else in a session. `lock_timeout` stays below deadlock_timeout (1 s), so
/// that a refresh always yields first and users' queries queue behind it for no longer than that.
/// A controller that is stopped in the middle of a transaction keeps its locks no longer than
/// `idle_in_transaction_session_timeout`: queries and the next leader may wait for them.
constexpr const char* kSettings = "set search_path = pg_catalog;"
                                  "set client_encoding = 'UTF8';"
                                  "set standard_conforming_strings = on;"
                                  "set application_name = 'penstockd';"
                                  "set client_min_messages = warning;"
                                  "set default_transaction_isolation = 'read committed';"
                                  "set lock_timeout = '300ms';"
                                  "set statement_timeout = '60s';"
                                  "set idle_in_transaction_session_timeout = '10s';"
                                  "set penstock.schema_wait_timeout = 0";

Error unavailable(const std::string& detail) {
    Error error = Error::make(ErrorKind::kUnavailable, "could not reach the database", detail);
    error.retryable = true;
    return error;
}

/// libpq's texts end with a line feed and may have several lines; a detail is one paragraph.
std::string one_line(std::string text) {
    for (char& character : text) {
        if (character == '\n' || character == '\t') {
            character = ' ';
        }
    }
    while (!text.empty() && text.back() == ' ') {
        text.pop_back();
    }
    return text;
}

pqxx::connection open(const Target& target) {
    try {
        return pqxx::connection{target.connection_string};
    } catch (const std::exception& error) {
        throw Exception(unavailable(one_line(error.what())));
    }
}

void forbid_reconnecting([[maybe_unused]] pqxx::connection& connection) {
#if PQXX_VERSION_MAJOR < 7
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
#endif
}

/// The text after `label`, up to the end of its line; "" when there is none.
std::string field_of(const std::string& text, const std::string& label) {
    const auto start = text.find("\n" + label);
    if (start == std::string::npos) {
        return {};
    }
    const auto value = start + 1 + label.size();
    return one_line(text.substr(value, text.find('\n', value) - value));
}

struct KindOfState {
    const char* prefix; ///< of the SQLSTATE; the first that fits counts
    ErrorKind kind;
    bool is_retryable;
};

constexpr KindOfState kKinds[] = {
    {"08", ErrorKind::kUnavailable, true},    // connection
    {"57P", ErrorKind::kUnavailable, true},   // shutting down, starting up, crashed
    {"57014", ErrorKind::kCancelled, true},   // cancelled, or statement_timeout
    {"55P03", ErrorKind::kLimit, true},       // lock_timeout
    {"40", ErrorKind::kLimit, true},          // deadlock, serialization
    {"53", ErrorKind::kLimit, true},          // out of disk, memory, connections
    {"28", ErrorKind::kPermission, false},    // authentication
    {"42501", ErrorKind::kPermission, false}, // insufficient privilege
    {"42P01", ErrorKind::kNotFound, false},   // no such table
    {"42704", ErrorKind::kNotFound, false},   // no such object
};

} // namespace

Error error_from_server(const std::string& sqlstate, const std::string& text) {
    // "ERROR:  relation \"x\" does not exist\nDETAIL:  …\nHINT:  …"
    std::string message = one_line(text.substr(0, text.find('\n')));
    const auto severity_end = message.find(":  ");
    if (severity_end != std::string::npos) {
        message.erase(0, severity_end + 3);
    }
    Error error = Error::make(ErrorKind::kInternal, message, field_of(text, "DETAIL:  "),
                              field_of(text, "HINT:  "));
    error.sqlstate = sqlstate;
    for (const KindOfState& entry : kKinds) {
        if (sqlstate.starts_with(entry.prefix)) {
            error.kind = entry.kind;
            error.retryable = entry.is_retryable;
            break;
        }
    }
    return error;
}

bool is_lock_conflict(const Error& error) noexcept {
    return error.sqlstate == "55P03" || error.sqlstate.starts_with("40");
}

bool is_lock_table_full(const Error& error) noexcept {
    return error.sqlstate == "53200";
}

Connection::Connection(const Target& target) : connection_{open(target)}, quiet_{connection_} {
    forbid_reconnecting(connection_);
    run_alone(kSettings);
}

void Connection::become_owner() {
    bool may_become = false;
    transact([&](pqxx::work& work) {
        may_become = !exec(work, "select from pg_roles where rolname = 'penstock_owner' and "
                                 "rolname <> current_user and pg_has_role(current_user, oid, "
                                 "'MEMBER')")
                          .empty();
    });
    if (may_become) {
        run_alone("set role penstock_owner");
    }
}

void Connection::refuse_if_lost() const {
    if (is_lost_) {
        throw Exception(unavailable("The session was lost and is not opened again by itself."));
    }
}

// libpqxx 6 keeps the SQLSTATE of these four classes to itself, and three of them are no sql_error
// there; a deadlock without its SQLSTATE would not be tried again.
void Connection::rethrow() {
    try {
        throw;
    } catch (const Exception&) {
        throw;
    } catch (const pqxx::broken_connection& error) {
        is_lost_ = true;
        throw Exception(unavailable(one_line(error.what())));
    } catch (const pqxx::in_doubt_error& error) {
        is_lost_ = true;
        throw Exception(unavailable(one_line(error.what())));
    } catch (const pqxx::deadlock_detected& error) {
        throw Exception(error_from_server("40P01", error.what()));
    } catch (const pqxx::serialization_failure& error) {
        throw Exception(error_from_server("40001", error.what()));
    } catch (const pqxx::transaction_rollback& error) {
        throw Exception(error_from_server("40000", error.what()));
    } catch (const pqxx::insufficient_privilege& error) {
        throw Exception(error_from_server("42501", error.what()));
    } catch (const pqxx::sql_error& error) {
        Error translated = error_from_server(error.sqlstate(), error.what());
        is_lost_ = is_lost_ || translated.kind == ErrorKind::kUnavailable || !connection_.is_open();
        throw Exception(is_lost_ ? unavailable(translated.message) : translated);
    } catch (const std::exception& error) {
        is_lost_ = is_lost_ || !connection_.is_open();
        throw Exception(is_lost_ ? unavailable(one_line(error.what()))
                                 : Error::make(ErrorKind::kInternal, one_line(error.what())));
    }
}

void Connection::transact(const Work& work) {
    refuse_if_lost();
    try {
        pqxx::work transaction{connection_};
        work(transaction);
        transaction.commit();
    } catch (...) {
        rethrow();
    }
}

void Connection::run_alone(const std::string& sql) {
    refuse_if_lost();
    try {
        pqxx::nontransaction transaction{connection_};
        transaction.exec(sql);
    } catch (...) {
        rethrow();
    }
}

std::unique_ptr<Channel> Connection::listen(const std::string& channel) {
    refuse_if_lost();
    std::unique_ptr<Channel> made;
    try {
        made = std::make_unique<Channel>(connection_, channel);
        is_lost_ = !connection_.is_open(); // libpqxx does not say that LISTEN failed for that
    } catch (...) {
        rethrow();
    }
    refuse_if_lost();
    return made;
}

void Connection::take_notifications() {
    refuse_if_lost();
    try {
        connection_.get_notifs();
        is_lost_ = !connection_.is_open();
    } catch (...) {
        rethrow();
    }
    refuse_if_lost();
}

int Connection::socket() const noexcept {
    return connection_.is_open() ? connection_.sock() : -1;
}

} // namespace penstock::catalog
