#include "service/refresh.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

namespace asio = boost::asio;

namespace penstock::service {

using reconcile::State;

namespace {

/// Questions for queries that wait, beside kMaxFetchers of the others.
constexpr int kMaxUrgentFetches = 32;

} // namespace

void Refresh::set_waiters(WaiterEvents events) {
    waiters_ = std::move(events);
}

/// Nothing but the rows decides: whoever waits looks at the same.
Standing Refresh::standing_of(const std::string& name) const {
    if (loading_.contains(name)) {
        return Standing::kLoading;
    }
    if (is_over() || !desired_.contains(name)) {
        return Standing::kSettled;
    }
    const auto row = actual_.find(name);
    if (row == actual_.end() || !row->second.has_row) { // about to be read, or created
        return Standing::kQueued;
    }
    switch (row->second.state) {
    case State::kPending:
    case State::kUpdating:
        return Standing::kQueued;
    case State::kReady:
        return !row->second.is_imported && referenced_.contains(name) ? Standing::kQueued
                                                                      : Standing::kSettled;
    default:
        return Standing::kSettled;
    }
}

Standing Refresh::want(const std::string& name) {
    const auto row = actual_.find(name);
    const bool is_unloaded = row != actual_.end() && row->second.state == State::kReady &&
                             !row->second.is_imported && desired_.contains(name);
    if (is_unloaded) {
        referenced_.insert(name);
    }
    const Standing standing = standing_of(name);
    if (standing != Standing::kSettled && waited_.insert(name).second) {
        hurry_fetch(name);
        has_new_waiter_ = true;
        wake();
    }
    return standing;
}

/// Out of the queue of those that are asked for in turn.
void Refresh::hurry_fetch(const std::string& name) {
    const auto queued = std::find(fetch_queue_.begin(), fetch_queue_.end(), name);
    if (queued != fetch_queue_.end()) {
        fetch_queue_.erase(queued);
        queue_urgent_fetch(name);
    }
}

/// Beside those in turn; when many queries come at once, at the head of the queue.
void Refresh::queue_urgent_fetch(const std::string& name) {
    if (urgent_fetch_count_ < kMaxUrgentFetches) {
        ++urgent_fetch_count_;
        asio::co_spawn(executor_, fetch_urgently(name), asio::detached);
    } else {
        fetch_queue_.push_front(name);
        start_fetcher();
    }
}

asio::awaitable<void> Refresh::fetch_urgently(std::string name) {
    co_await fetch(name);
    --urgent_fetch_count_;
}

/// Not only once no row is to be changed any more: in a crowd there is always one.
void Refresh::launch_waited_for(const std::vector<reconcile::Step>& steps) {
    if (waited_.empty()) {
        return;
    }
    for (const reconcile::Step& step : steps) {
        if (is_waited_for(step) && due_of(step) <= hosting::Clock::now() && launch_one(step)) {
            is_working_ = is_working_ || step.kind != reconcile::StepKind::kFetch;
        }
    }
}

void Refresh::loading_began(const std::string& name) {
    loading_.insert(name);
    if (waiters_.on_loading) {
        waiters_.on_loading(name);
    }
}

/// Level-triggered, like all the rest: whatever settled it.
void Refresh::tell_waiters() {
    for (auto name = waited_.begin(); name != waited_.end();) {
        if (standing_of(*name) == Standing::kSettled) {
            if (waiters_.on_settled) {
                waiters_.on_settled(*name);
            }
            name = waited_.erase(name);
        } else {
            ++name;
        }
    }
}

bool Refresh::is_waited_for(const reconcile::Step& step) const {
    return waited_.contains(step.connection);
}

} // namespace penstock::service
