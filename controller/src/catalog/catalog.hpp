#pragma once

#include "penstock/types/schema.hpp"
#include "reconcile/state.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// All SQL of the controller. libpqxx stays behind this header (pimpl), and never reconnects by
/// itself: after the first failure of the connection every call throws Exception kUnavailable and
/// the caller makes a new object.
namespace penstock::catalog {

/// How to reach the database. A session of another role that may do so continues as penstock_owner.
struct Target {
    std::string connection_string; ///< libpq's; never logged, may hold a password file's name
};

/// What happened on a change of state, for one row.
struct StateChange {
    std::string connection;
    reconcile::State to = reconcile::State::kPending;
    std::string error{};          ///< kError (and reasons for waiting)
    int attempts = 0;             ///< backoff so far; 0 clears it
    std::int64_t retry_in_ms = 0; ///< next_attempt_at = now() + this; 0 = null
};

/// What a plugin offers for a connection whose schema stays empty until somebody wants its tables.
struct Unloaded {
    std::string connection;
    std::string schema_hash;
    std::string config_hash;
    int table_count = 0;
    bool is_dynamic = false;
    /// What is on offer, for penstock.offered_table; null leaves that as it is.
    std::shared_ptr<const std::vector<TableSchema>> tables{};
    std::int64_t plugin_mod_time_us = 0; ///< of the executable, since 1970; 0 = not known
};

/// The FOREIGN SERVER of a plugin instance.
struct Server {
    std::string label; ///< server's name
    std::string plugin;
    std::string socket;          ///< path of the plugin's socket
    std::int64_t plugin_uid = 0; ///< uid that the plugin runs as; the backend checks it
    friend bool operator==(const Server&, const Server&) = default;
};

/// A row of penstock.config_file.
struct ConfigFileRow {
    std::string path;
    std::string state; ///< ok · error
    std::string error;
    int line = 0;
    int connection_count = 0;
};

/// A row of penstock.plugin.
struct PluginRow {
    std::string instance;
    std::string plugin;
    std::string version;
    std::string state; ///< stopped · starting · running · backoff · failed
    std::string error;
    std::int64_t pid = 0; ///< 0 = not running
    int restarts = 0;
    std::int64_t memory_bytes = 0;         ///< 0 = not known
    std::vector<std::string> sandbox = {}; ///< layers in force
};

/// A row of penstock.event.
struct EventRow {
    std::string kind;
    std::string event;
    std::string source;
    std::string connection;  ///< "" = none
    std::string detail_json; ///< an object; "" = an empty one
};

/// The controller's leadership: a session advisory lock, the epoch, LISTEN. One object for the life
/// of the leadership; when it fails, leadership is lost and everything starts again from a new one.
class Leader {
  public:
    /// Waits for nothing: throws Exception kUnavailable when the server is not there, kLimit when
    /// another controller holds the lock (the message names its pid and application).
    /// Also checks that the extension is there and of our version (creates it when it may).
    /// `socket` is where we listen to queries that wait; written into penstock.controller.
    explicit Leader(const Target& target, const std::string& socket = {});
    ~Leader();
    Leader(const Leader&) = delete;
    Leader& operator=(const Leader&) = delete;

    [[nodiscard]] std::int64_t epoch() const noexcept;
    /// Readable when notifications (or the end of the connection) wait; for the event loop.
    [[nodiscard]] int socket() const noexcept;
    /// uid of the server's processes, from the Unix socket; nullopt over TCP.
    [[nodiscard]] std::optional<std::int64_t> server_uid() const;
    /// What users asked for, as names of connections.
    struct Requests {
        std::vector<std::string> refreshes; ///< channel `penstock_request`; "" = all
        std::vector<std::string> loads;     ///< channel `penstock_load`: tables of lazy ones
    };
    /// Those that arrived. Errors: Exception kUnavailable when the connection is gone.
    [[nodiscard]] Requests take_requests();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// One working session. Each write transaction checks `epoch` `for share`, so a controller that was
/// paused and replaced is refused by the database (Exception kPermission, "… is no longer the
/// leader"). Threads: one at a time per object.
class Session {
  public:
    Session(const Target& target, std::int64_t epoch);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Rows joined with live schemas; schemas with our marker but no row included (has_row false).
    [[nodiscard]] reconcile::Actual read_actual();
    /// Start of the service: every row to pending, except `disabled`. One transaction.
    void reset_to_pending();

    void ensure_servers(const std::vector<Server>& servers);
    /// Rows as pending with their empty schemas, 1000 in a transaction. A schema of that name that
    /// is not ours: the row is made and put in error, the schema is not touched.
    void create_connections(const std::vector<reconcile::DesiredConnection>& connections);
    void update_rows(const std::vector<reconcile::DesiredConnection>& connections);
    /// 1000 in a transaction, a notification each; no connection twice. A connection without a row
    /// is skipped.
    void change_states(const std::vector<StateChange>& changes);
    /// → ready with an empty schema, which must exist: imported = false and what is on offer.
    void mark_unloaded(const std::vector<Unloaded>& connections);

    /// Makes the live schema as `tables`, by difference, at most 500 tables a transaction; the last
    /// transaction also sets ready, the hashes, `table_count`. Never CASCADE: a table or column
    /// that must go while something depends on it stays, and the row's `error` names the
    /// dependents. lock_timeout 300 ms with retry. Errors: Exception with the server's message and
    /// SQLSTATE. With `is_loaded` false the schema is made empty, and `tables` is what is on offer.
    /// `plugin_mod_time_us`: of the plugin's executable, since 1970; 0 = not known. Meanwhile the
    /// session holds the schema's load lock; `on_locked` says that it has it now.
    void apply_schema(const reconcile::DesiredConnection& connection,
                      const std::vector<TableSchema>& tables, bool is_dynamic,
                      bool is_loaded = true, std::int64_t plugin_mod_time_us = 0,
                      const std::function<void()>& on_locked = {});
    /// COMMENT ON tables and columns, in bulk; then comments_set.
    void apply_comments(const std::string& connection, const std::vector<TableSchema>& tables);
    /// Drops what the connection's schema holds, the schema, and (delete) the row; or sets
    /// disabled. With dependents: the schema stays, the row's `error` names them and its backoff
    /// grows; returns false.
    [[nodiscard]] bool drop_connection(const std::string& connection, bool keep_row_disabled);
    /// How a drop of many ended, for those that are not gone.
    struct NotDropped {
        std::vector<std::string> held; ///< as drop_connection says in their rows
        std::vector<std::pair<std::string, Error>> failed;
    };
    /// As drop_connection (delete) for each, at most 500 tables a transaction. One that is held,
    /// locked or refused keeps none of the others.
    [[nodiscard]] NotDropped drop_connections(const std::vector<std::string>& connections);
    /// Our foreign servers but those in `kept`, as far as nothing depends on them.
    void drop_servers(const std::vector<std::string>& kept);

    /// Removes from penstock.offered_table what no connection refers to any more. Waits for nobody:
    /// returns false when somebody is writing there, to be tried again later.
    [[nodiscard]] bool forget_offers();

    void write_config_files(const std::vector<ConfigFileRow>& rows); ///< replaces all
    void write_plugins(const std::vector<PluginRow>& rows);          ///< replaces all
    void write_events(const std::vector<EventRow>& events);          ///< one transaction
    /// Says that every connection has had its turn under this leader; `service start` waits for it.
    void mark_settled();
    /// A clean stop: nobody listens to queries that wait any more.
    void withdraw_socket();
    /// Search path of the database's new sessions: `path`, or when empty "$user", public and our
    /// schemas by name; `penstock` is always on it. Changes nothing when it is already so.
    void set_search_path(const std::vector<std::string>& path);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace penstock::catalog
