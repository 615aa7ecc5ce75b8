#pragma once

#include "penstock/types/request.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace penstock {

/// How long and how much a plugin process remembers. Off by default: only who configures a plugin
/// knows how old its answers may be.
struct CacheLimits {
    std::chrono::seconds ttl{0}; ///< 0 = no cache
    std::size_t max_bytes = std::size_t{64} << 20;
};

/// A finished scan of a table: its block frames, ready to be sent again. Immutable.
struct CachedScan {
    std::vector<RequestedColumn> columns;
    std::vector<std::vector<std::byte>> frames;
    std::size_t bytes = 0;
    std::chrono::steady_clock::time_point read_at;
};

/// Finished scans of a process by what was asked: connection, table, conditions, user; the columns
/// may be more than are asked for. What failed, was cancelled, cut, or came with warnings is never
/// in it; nor is a part of a table, because an old part and a new one of the same table may lack
/// rows or have them twice.
///
/// Two scans of one question at the same time share one fetch: the second waits for the first to
/// finish. It gives up, and asks the source itself, as soon as the first has to wait for its own
/// reader, or belongs to the same backend: so no scan ever waits for a reader, which could be one
/// that waits for it. It waits for one fetch at most, and not for more rows than it wants itself.
///
/// Memory: what is kept takes `max_bytes`, and what is being fetched as much again.
/// Threads: all functions, from any.
class BlockCache {
  public:
    explicit BlockCache(CacheLimits limits) : limits_(limits) {}

    [[nodiscard]] bool is_on() const noexcept { return limits_.ttl.count() > 0; }

    /// A fetch that others may wait for.
    class Fetch {
      public:
        ~Fetch() { give_up(); }
        Fetch(const Fetch&) = delete;
        Fetch& operator=(const Fetch&) = delete;
        /// Room for `bytes` more of the scan. False: there is none, the caller gives up.
        [[nodiscard]] bool reserve(std::size_t bytes);
        /// The scan is over and complete.
        void finish(CachedScan scan);
        /// Nobody waits for it any more; it may still be finished.
        void stop_sharing() noexcept;
        /// It will not be finished.
        void give_up() noexcept;

      private:
        friend class BlockCache;
        Fetch(BlockCache& cache, std::string key, const ScanRequest& request, std::uint64_t epoch);
        BlockCache& cache_;
        const std::string key_;
        const std::string connection_;
        const std::vector<RequestedColumn> columns_;
        const std::int64_t backend_pid_;
        const std::uint64_t epoch_;
        const std::uint64_t number_; ///< of all fetches
        std::size_t bytes_ = 0;      ///< reserved
    };

    /// Either a scan to send, or a fetch to make, or (cache off, or not for this request) neither.
    struct Answer {
        std::shared_ptr<const CachedScan> scan;
        std::unique_ptr<Fetch> fetch;
    };
    /// May wait for another fetch as long as `is_cancelled` says no. `epoch` is from before the
    /// request's table was looked up: what that table says after a clear() is not kept.
    [[nodiscard]] Answer find(const ScanRequest& request, std::uint64_t epoch,
                              const std::function<bool()>& is_cancelled);

    /// How often the connection was cleared.
    [[nodiscard]] std::uint64_t epoch(const std::string& connection) const;

    /// Forgets what a connection said, also what is being fetched now. Empty: all connections.
    void clear(const std::string& connection);

  private:
    struct Entry {
        std::string key;
        std::string connection;
        std::shared_ptr<const CachedScan> scan;
    };
    using Entries = std::list<Entry>; ///< the most recently used first

    [[nodiscard]] std::shared_ptr<const CachedScan> look_up(const std::string& key,
                                                            const ScanRequest& request);
    /// The number of a fetch that will answer the request; 0 = there is none.
    [[nodiscard]] std::uint64_t find_fetch(const std::string& key,
                                           const ScanRequest& request) const;
    [[nodiscard]] bool is_shared(std::uint64_t number) const;
    [[nodiscard]] std::uint64_t epoch_of(const std::string& connection) const;
    void insert(Entry entry);
    void remove(Entries::iterator entry);

    const CacheLimits limits_;
    mutable std::mutex mutex_; ///< guards the rest
    std::condition_variable changed_;
    Entries entries_;
    std::size_t bytes_ = 0;
    std::vector<Fetch*> fetches_;   ///< those that others may wait for
    std::size_t fetched_bytes_ = 0; ///< reserved by all fetches
    std::uint64_t fetch_count_ = 0;
    std::map<std::string, std::uint64_t> epochs_; ///< raised by clear()
    std::uint64_t common_epoch_ = 0;
};

} // namespace penstock
