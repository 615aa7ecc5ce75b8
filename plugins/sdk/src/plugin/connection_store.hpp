#pragma once

#include "aggregate.hpp"
#include "aggregate_scan.hpp"
#include "run_scan.hpp"

#include "penstock/plugin/plugin.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace penstock {

/// The configured connections of a plugin process.
///
/// Threads: all functions, from any. A plugin's connect() and tables() run outside the lock, so a
/// slow one holds up nobody who does not ask for the same connection.
class ConnectionStore {
  public:
    using Announce = std::function<void(const std::string& connection)>;

    /// Lifetime: `plugin` outlives the store and everything it hands out.
    ConnectionStore(Plugin& plugin, Announce announce, CacheLimits cache = {});

    /// Adds a connection or replaces it. After a failure the name is known, and scans of it get the
    /// same error. Errors: throws Exception, kOption or the plugin's own.
    void configure(const std::string& name, const Arguments& arguments);
    /// Adds an aggregator or replaces what has its name. Its children need not be there yet.
    void configure(const std::string& name, Aggregate aggregate);
    void forget(const std::string& name);
    /// Forgets all.
    void clear();

    /// Asks the connection, or the children of an aggregator, for the tables and checks them.
    /// Errors: throws Exception, kUnavailable for a name that is not configured. An aggregator of a
    /// dynamic plugin that is not partial fails with its first child that does.
    /// In the first two seconds of the process an unknown name is waited for: a plugin that was
    /// restarted is asked by backends before the controller has told it its connections again.
    [[nodiscard]] std::vector<TableSchema> describe(const std::string& name);
    /// What the last answer left out; nothing for an aggregator, whose children say it.
    [[nodiscard]] std::vector<SchemaProblem> problems(const std::string& name);

    /// A table of a connection that is no aggregator; shared, because a connection that is replaced
    /// lives on until its last scan has ended.
    /// Looks in the last answer of tables(), and asks once more when the name is not there.
    /// Errors: throws Exception, kNotFound or as describe().
    [[nodiscard]] FoundTable find(const std::string& connection, const std::string& table);

    /// Runs a scan or a join of a connection, or a scan of an aggregator. Errors: as find() and
    /// run_scan().
    [[nodiscard]] ScanSummary scan(ScanRequest request, BlockOutput& output);

    /// Forgets what the connection said; empty: all connections. Configuring, forgetting and
    /// announcing one does so too.
    void clear_cache(const std::string& connection) { cache_.clear(connection); }

  private:
    struct Entry;
    [[nodiscard]] std::shared_ptr<Entry> entry_of(const std::string& name);
    void put(const std::string& name, std::shared_ptr<Entry> entry);
    [[nodiscard]] std::shared_ptr<Entry> child_of(const std::string& name);
    /// The table of the last answer, or of a new one; nullptr.
    [[nodiscard]] static std::shared_ptr<Table> find_in(Entry& entry, const std::string& table);
    [[nodiscard]] ScanSummary join(ScanRequest request, BlockOutput& output);
    /// As find(), but gives no table when there is none of that name.
    [[nodiscard]] FoundTable look_for(const std::string& connection, const std::string& table);

    // connection_store_join.cpp: aggregators
    struct Answers;
    [[nodiscard]] std::vector<TableSchema> describe_joined(Entry& entry);
    [[nodiscard]] Answers ask_children(const Aggregate& aggregate);
    [[nodiscard]] Answers ask_one_of(const Aggregate& aggregate);

    Plugin& plugin_;
    const PluginInfo info_;
    BlockCache cache_;
    Announce announce_;
    const std::chrono::steady_clock::time_point learns_until_;
    std::mutex mutex_;                ///< guards the map, never held while plugin code runs
    std::condition_variable changed_; ///< the map has a new name
    std::map<std::string, std::shared_ptr<Entry>> entries_;
};

} // namespace penstock
