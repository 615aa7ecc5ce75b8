#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <set>
#include <utility>

namespace penstock::hosting {

using Clock = std::chrono::steady_clock;

/// A condition variable for coroutines of one thread: wait for a predicate, be told to look again.
///
/// Lifetime: outlives everybody who waits. Threads: the executor's, which is one.
class Condition {
  public:
    explicit Condition(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
    ~Condition() = default;
    Condition(const Condition&) = delete;
    Condition& operator=(const Condition&) = delete;

    /// Everybody who waits looks at his predicate again.
    void notify() {
        for (boost::asio::steady_timer* waiter : waiters_) {
            waiter->cancel();
        }
    }

    /// Returns: did `predicate` become true before `deadline`? time_point::max() = no deadline.
    template <typename Predicate>
    boost::asio::awaitable<bool> wait(Predicate predicate, Clock::time_point deadline) {
        boost::asio::steady_timer timer(executor_);
        const Entry entry(*this, timer);
        while (!predicate()) {
            if (Clock::now() >= deadline) {
                co_return false;
            }
            timer.expires_at(deadline);
            co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        }
        co_return true;
    }

  private:
    struct Entry {
        Entry(Condition& owner, boost::asio::steady_timer& waiter)
            : condition(owner), timer(waiter) {
            condition.waiters_.insert(&timer);
        }
        ~Entry() { condition.waiters_.erase(&timer); }
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        Condition& condition;
        boost::asio::steady_timer& timer;
    };

    boost::asio::any_io_executor executor_;
    std::set<boost::asio::steady_timer*> waiters_;
};

} // namespace penstock::hosting
