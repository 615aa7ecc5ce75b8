#pragma once

#include "catalog/catalog.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace penstock::service {

/// The database is away, or another controller leads: everything starts again from a new Leader.
[[nodiscard]] bool ends_leadership(const Error& error) noexcept;

/// The threads for what blocks: everything that speaks to the database, one session each.
///
/// A coroutine of the event loop says `co_await pool.run(work)`; `work` runs in a thread, the
/// coroutine goes on in the loop. What `work` throws comes out of the co_await. Give `work` a name
/// before the co_await when it holds more than pointers: g++ 12 destroys such a temporary twice.
/// Threads: open, close and run from the loop; `work` must not touch what belongs to the loop.
class SessionPool {
  public:
    /// Four for schemas, and one so that a change of state never waits behind them.
    static constexpr int kSchemaSessions = 4;

    /// One more for a schema that a query waits for: that query may hold the very locks that the
    /// others wait for, each for a schema that it read before.
    static constexpr int kUrgentSessions = 1;

    SessionPool() : threads_(kSchemaSessions + kUrgentSessions + 1) {}
    ~SessionPool();
    SessionPool(const SessionPool&) = delete;
    SessionPool& operator=(const SessionPool&) = delete;

    /// Sessions are made for this target and epoch from now on; older ones are not used again.
    void open(catalog::Target target, std::int64_t epoch);
    /// run() fails with kUnavailable from now on.
    void close();

    /// `work(session)` in a thread. Errors: what `work` throws; Exception kUnavailable.
    template <typename Work>
    auto run(Work work) -> boost::asio::awaitable<std::invoke_result_t<Work&, catalog::Session&>> {
        return run_apart([this, work = std::move(work)]() mutable {
            Lease lease(*this);
            return lease.use(work);
        });
    }

    /// `work()` in a thread, without a session.
    template <typename Work>
    auto run_apart(Work work) -> boost::asio::awaitable<std::invoke_result_t<Work&>> {
        using Answer = std::invoke_result_t<Work&>;
        return boost::asio::co_spawn(
            threads_.get_executor(),
            [work = std::move(work)]() mutable -> boost::asio::awaitable<Answer> {
                co_return work();
            },
            boost::asio::use_awaitable);
    }

  private:
    struct Opened {
        catalog::Target target;
        std::int64_t epoch = 0;
    };

    /// A session while it works; goes back when it did not fail.
    class Lease {
      public:
        explicit Lease(SessionPool& pool);
        template <typename Work>
        auto use(Work& work) {
            if constexpr (std::is_void_v<std::invoke_result_t<Work&, catalog::Session&>>) {
                work(*session_);
                give_back();
            } else {
                auto answer = work(*session_);
                give_back();
                return answer;
            }
        }

      private:
        void give_back();
        SessionPool& pool_;
        std::int64_t epoch_ = 0;
        std::unique_ptr<catalog::Session> session_;
    };

    std::mutex mutex_; ///< guards the two below
    std::optional<Opened> opened_;
    std::vector<std::unique_ptr<catalog::Session>> idle_;
    boost::asio::thread_pool threads_; ///< last: joined before the rest goes
};

} // namespace penstock::service
