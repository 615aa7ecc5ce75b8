#include "catalog/connection.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace penstock::catalog {

namespace {

constexpr const char* kExtensionVersion = "1.0";
/// The advisory lock of the leader: the first half is "PSTK" in ASCII.
constexpr const char* kLockKeys = "1347638347, 1";
/// How pg_locks shows it: classid and objid are the two halves, objsubid 2 says that there are two.
constexpr const char* kHolderQuery =
    "select a.pid, coalesce(a.application_name, '') from pg_locks l "
    "join pg_stat_activity a on a.pid = l.pid "
    "where l.locktype = 'advisory' and l.granted and l.classid = 1347638347 and l.objid = 1 and "
    "l.objsubid = 2 and l.database = (select oid from pg_database where datname = "
    "current_database())";

Error extension_error(const std::string& message, const std::string& command, const Error& reason) {
    Error error =
        Error::make(ErrorKind::kNotFound, message, "The server says: " + reason.message + ".",
                    "Run " + command + " in this database as a superuser.");
    return error;
}

/// "" when the extension is not there.
std::string extension_version(Connection& connection) {
    std::string version;
    connection.transact([&](pqxx::work& work) {
        const auto rows =
            exec(work, "select extversion from pg_extension where extname = 'penstock'");
        version = rows.empty() ? "" : rows[0][0].as<std::string>();
    });
    return version;
}

void ensure_extension(Connection& connection) {
    const std::string version = extension_version(connection);
    if (version == kExtensionVersion) {
        return;
    }
    const std::string command =
        version.empty() ? "create extension penstock" : "alter extension penstock update";
    try {
        connection.run_alone(command + (version.empty() ? " version '" : " to '") +
                             kExtensionVersion + "'");
    } catch (const Exception& exception) {
        if (exception.error().kind == ErrorKind::kUnavailable) {
            throw;
        }
        throw Exception(extension_error(
            version.empty()
                ? "extension \"penstock\" is not in this database"
                : "extension \"penstock\" has version " + version + ", not " + kExtensionVersion,
            version.empty() ? "CREATE EXTENSION penstock" : "ALTER EXTENSION penstock UPDATE",
            exception.error()));
    }
}

std::string describe_holder(pqxx::work& work) {
    const auto rows = exec(work, kHolderQuery);
    if (rows.empty()) {
        return "It has just ended.";
    }
    return "Server process " + rows[0][0].as<std::string>() + ", application \"" +
           rows[0][1].as<std::string>() + "\", holds the lock.";
}

void take_lock(Connection& connection) {
    connection.transact([](pqxx::work& work) {
        const auto rows = exec(work, std::string{"select pg_try_advisory_lock("} + kLockKeys + ")");
        if (!rows[0][0].as<bool>()) {
            throw Exception(ErrorKind::kLimit, "another controller leads this database",
                            describe_holder(work), "Stop it first: only one may write.");
        }
    });
}

std::int64_t raise_epoch(Connection& connection, const std::string& socket) {
    std::int64_t epoch = 0;
    connection.transact([&](pqxx::work& work) {
        // A write of the leader before may still hold the row; it ends soon.
        exec(work, "set local lock_timeout = '30s'");
        epoch =
            exec(work,
                 "update penstock.controller set epoch = epoch + 1, pid = $1, "
                 "started_at = clock_timestamp(), settled_at = null, socket = nullif($2, ''), "
                 "uid = $3 returning epoch",
                 static_cast<int>(::getpid()), socket, static_cast<std::int64_t>(::geteuid()))[0][0]
                .as<std::int64_t>();
    });
    return epoch;
}

} // namespace

struct Leader::Impl {
    Impl(const Target& target, const std::string& socket) : connection(target) {
        ensure_extension(connection);
        connection.become_owner();
        take_lock(connection);
        epoch = raise_epoch(connection, socket);
        refreshes = connection.listen("penstock_request");
        loads = connection.listen("penstock_load");
    }

    Connection connection;
    std::int64_t epoch = 0;
    std::unique_ptr<Channel> refreshes; ///< these two go before their connection
    std::unique_ptr<Channel> loads;
};

Leader::Leader(const Target& target, const std::string& socket)
    : impl_(std::make_unique<Impl>(target, socket)) {}
Leader::~Leader() = default;

std::int64_t Leader::epoch() const noexcept {
    return impl_->epoch;
}

int Leader::socket() const noexcept {
    return impl_->connection.socket();
}

std::optional<std::int64_t> Leader::server_uid() const {
    sockaddr_storage address{};
    socklen_t address_size = sizeof(address);
    const int socket = impl_->connection.socket();
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &address_size) != 0 ||
        address.ss_family != AF_UNIX) {
        return std::nullopt;
    }
    ucred peer{};
    socklen_t peer_size = sizeof(peer);
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) != 0) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(peer.uid);
}

Leader::Requests Leader::take_requests() {
    impl_->connection.take_notifications();
    return {std::exchange(impl_->refreshes->payloads, {}),
            std::exchange(impl_->loads->payloads, {})};
}

} // namespace penstock::catalog
