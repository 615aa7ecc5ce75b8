#include "keyed_tasks.hpp"

namespace penstock {

KeyedTasks::~KeyedTasks() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
        ready_.clear();
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void KeyedTasks::add(const std::string& key, Task task) {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) {
        return;
    }
    const auto [queue, is_new] = waiting_.try_emplace(key);
    queue->second.push_back(std::move(task));
    if (!is_new) {
        return; // behind another task of this key
    }
    ready_.push_back(key);
    if (busy_ + ready_.size() > threads_.size() && threads_.size() < kMaxThreads) {
        threads_.emplace_back([this] { work(); });
    }
    changed_.notify_all();
}

bool KeyedTasks::drain(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    is_stopping_ = true;
    ready_.clear();
    changed_.notify_all();
    return changed_.wait_for(lock, limit, [this] { return busy_ == 0; });
}

void KeyedTasks::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return is_stopping_ || !ready_.empty(); });
        if (ready_.empty()) {
            return;
        }
        const std::string key = std::move(ready_.front());
        ready_.pop_front();
        std::deque<Task>& queue = waiting_.at(key);
        Task task = std::move(queue.front());
        queue.pop_front();
        ++busy_;
        lock.unlock();
        task();
        task = nullptr; // what it holds is destroyed outside the lock
        lock.lock();
        --busy_;
        if (queue.empty()) {
            waiting_.erase(key);
        } else if (!is_stopping_) {
            ready_.push_back(key);
        }
        changed_.notify_all();
    }
}

} // namespace penstock
