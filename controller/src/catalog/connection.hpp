#pragma once

#include "catalog/catalog.hpp"

#include "penstock/types/error.hpp"

#include <pqxx/pqxx>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// The only door to libpqxx; included by the .cpp files of this folder and by nobody else.
namespace penstock::catalog {

/// Runs `sql` with `$1`, `$2`, … as parameters.
template <typename... Parameters>
pqxx::result exec(pqxx::transaction_base& transaction, const std::string& sql,
                  const Parameters&... parameters) {
    if constexpr (sizeof...(Parameters) == 0) {
        return transaction.exec(sql);
    } else {
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
        return transaction.exec(sql, pqxx::params{parameters...});
#else
        return transaction.exec_params(sql, parameters...);
#endif
    }
}

/// Takes what is notified on one channel, for as long as it lives; goes before its connection.
class Channel : public pqxx::notification_receiver {
  public:
    using pqxx::notification_receiver::notification_receiver;
    void operator()(const std::string& payload, int /*backend_pid*/) override {
        payloads.push_back(payload);
    }
    std::vector<std::string> payloads; ///< in order
};

/// One session of the server with our settings. Once it is lost it stays lost: libpqxx 6 would
/// silently open another, without our advisory lock, LISTEN and settings.
/// Errors: everything is thrown as Exception; a lost session as kUnavailable, for ever after.
class Connection {
  public:
    using Work = std::function<void(pqxx::work&)>;

    explicit Connection(const Target& target);

    /// Continues as penstock_owner where the role that logged in may do so.
    void become_owner();

    /// `work` in one transaction, committed.
    void transact(const Work& work);
    /// Statements that must not run in a transaction block of ours; each commits by itself.
    void run_alone(const std::string& sql);

    [[nodiscard]] std::unique_ptr<Channel> listen(const std::string& channel);
    /// Hands what has come to the channels. Only while no transaction runs. Errors: kUnavailable.
    void take_notifications();
    [[nodiscard]] int socket() const noexcept;

  private:
    void refuse_if_lost() const;
    /// Inside a catch block: throws what is in flight as Exception.
    [[noreturn]] void rethrow();

    pqxx::connection connection_;
    pqxx::quiet_errorhandler quiet_; ///< libpqxx would write to stderr what it throws anyway
    bool is_lost_ = false;
};

/// May the same transaction succeed when it is simply run again?
[[nodiscard]] bool is_lock_conflict(const Error& error) noexcept;

/// "out of shared memory": may a smaller transaction succeed?
[[nodiscard]] bool is_lock_table_full(const Error& error) noexcept;

/// The server's error in our shape: message, detail and hint apart.
[[nodiscard]] Error error_from_server(const std::string& sqlstate, const std::string& text);

} // namespace penstock::catalog
