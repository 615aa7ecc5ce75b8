#include "cluster/bootstrap.hpp"

#include "cluster/server_files.hpp"
#include "penstock/types/error.hpp"

#include <libpq-fe.h>
#include <sys/random.h>

#include <array>
#include <memory>

namespace penstock::cluster {
namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using QueryResult = std::unique_ptr<PGresult, decltype(&PQclear)>;

std::string trimmed(std::string text) {
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    return text;
}

/// A session of the superuser over the socket. Errors never put a statement into the server's log.
class Superuser {
  public:
    Superuser(const Home& home, const char* database)
        : connection_(PQconnectdb(connection_string(home, kSuperuser, database, {}).c_str()),
                      &PQfinish) {
        if (PQstatus(connection_.get()) != CONNECTION_OK) {
            throw Exception(ErrorKind::kUnavailable, "could not connect to the private server",
                            trimmed(PQerrorMessage(connection_.get())));
        }
        run("set client_min_messages = warning");
        run("set log_min_error_statement = panic");
        run("set search_path = pg_catalog");
    }

    QueryResult run(const std::string& sql) {
        QueryResult result(PQexec(connection_.get(), sql.c_str()), &PQclear);
        const ExecStatusType status = PQresultStatus(result.get());
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            throw failure(result.get());
        }
        return result;
    }

    bool has_rows(const std::string& sql) { return PQntuples(run(sql).get()) > 0; }

    /// What the server stores for a password; the clear text never leaves this process.
    std::string verifier(const std::string& role, const std::string& password) {
        const std::unique_ptr<char, decltype(&PQfreemem)> text(
            PQencryptPasswordConn(connection_.get(), password.c_str(), role.c_str(),
                                  "scram-sha-256"),
            &PQfreemem);
        if (!text) {
            throw Exception(ErrorKind::kInternal, "could not make a password verifier",
                            trimmed(PQerrorMessage(connection_.get())));
        }
        return text.get();
    }

  private:
    [[nodiscard]] Exception failure(const PGresult* result) const {
        const auto field = [result](int code) {
            const char* text = PQresultErrorField(result, code);
            return std::string(text == nullptr ? "" : text);
        };
        Error error = Error::make(ErrorKind::kRemote, field(PG_DIAG_MESSAGE_PRIMARY),
                                  field(PG_DIAG_MESSAGE_DETAIL), field(PG_DIAG_MESSAGE_HINT));
        error.sqlstate = field(PG_DIAG_SQLSTATE);
        if (error.message.empty()) {
            error.message = trimmed(PQerrorMessage(connection_.get()));
        }
        return Exception(error);
    }

    Connection connection_;
};

bool can_log_in(const Home& home, const std::string& role,
                const std::filesystem::path& password_file) {
    std::error_code ignored;
    if (!std::filesystem::exists(password_file, ignored)) {
        return false;
    }
    const Connection connection(
        PQconnectdb(connection_string(home, role, kDatabase, password_file).c_str()), &PQfinish);
    return PQstatus(connection.get()) == CONNECTION_OK;
}

} // namespace

std::string random_password() {
    std::array<unsigned char, 32> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw Exception(ErrorKind::kInternal, "could not get random bytes from the system");
    }
    constexpr const char* kDigits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

Bootstrap::Bootstrap(Home home) : home_(std::move(home)) {}

void Bootstrap::create_database() {
    Superuser superuser(home_, "postgres");
    if (!superuser.has_rows("select from pg_database where datname = 'penstock'")) {
        superuser.run("create database penstock template template0");
    }
}

void Bootstrap::create_extension() {
    Superuser superuser(home_, kDatabase);
    if (!superuser.has_rows("select from pg_available_extensions where name = 'penstock'")) {
        throw Exception(
            ErrorKind::kNotFound, "extension \"penstock\" is not installed in this PostgreSQL",
            "The server looks for the file penstock.control in the folder \"extension\" "
            "of its share directory.",
            "Install it with \"make install\", or give another PostgreSQL with "
            "--pg-bindir.");
    }
    if (!superuser.has_rows("select from pg_extension where extname = 'penstock'")) {
        superuser.run("create extension penstock");
    } else if (superuser.has_rows("select from pg_extension e join pg_available_extensions a on "
                                  "a.name = e.extname where a.name = 'penstock' and "
                                  "a.default_version <> e.extversion")) {
        superuser.run("alter extension penstock update"); // a start without changes makes no DDL
    }
}

void Bootstrap::ensure_login(const std::string& role, const std::filesystem::path& password_file) {
    if (can_log_in(home_, role, password_file)) {
        return;
    }
    const std::string password = random_password();
    Superuser superuser(home_, kDatabase);
    // The verifier is base64, '$' and ':' only; the role is a constant of ours.
    superuser.run("alter role " + role + " login password '" + superuser.verifier(role, password) +
                  "'");
    write_private_file(
        password_file,
        pgpass_line(home_.server_socket_folder().string(), kDatabase, role, password) + "\n");
}

void Bootstrap::create_logins() {
    {
        Superuser superuser(home_, kDatabase);
        if (!superuser.has_rows("select from pg_roles where rolname = 'penstock'")) {
            superuser.run("create role penstock login in role penstock_users");
        }
        // Before the first log-in: the database lets nobody in whom it does not name.
        superuser.run("grant connect on database penstock to penstock_users, penstock_owner");
    }
    ensure_login(kOwnerRole, home_.owner_pgpass());
    ensure_login(kUserRole, home_.user_pgpass());
}

void Bootstrap::set_defaults() {
    Superuser superuser(home_, kDatabase);
    superuser.run("alter database penstock owner to penstock_owner");
    superuser.run("revoke all on database penstock from public");
    if (!superuser.has_rows("select from pg_db_role_setting s, unnest(s.setconfig) c "
                            "join pg_database d on true "
                            "where s.setdatabase = d.oid and d.datname = 'penstock' "
                            "and s.setrole = 0 and c like 'search_path=%'")) {
        superuser.run("alter database penstock set search_path = penstock, public");
    }
}

void Bootstrap::run() {
    create_database();
    create_extension();
    create_logins();
    set_defaults();
}

} // namespace penstock::cluster
