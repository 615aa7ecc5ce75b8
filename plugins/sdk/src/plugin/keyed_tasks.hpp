#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace penstock {

/// Runs tasks in threads: those with the same key one after the other in the order they came, those
/// with different keys side by side, at most kMaxThreads at once. Threads are made when needed.
class KeyedTasks {
  public:
    using Task = std::function<void()>;
    static constexpr std::size_t kMaxThreads = 8;

    KeyedTasks() = default;
    KeyedTasks(const KeyedTasks&) = delete;
    KeyedTasks& operator=(const KeyedTasks&) = delete;
    /// Waits for the tasks that run and drops the others.
    ~KeyedTasks();

    /// Threads: any. Tasks must not throw.
    void add(const std::string& key, Task task);

    /// Drops what has not begun and waits for what has. False when that takes longer than `limit`.
    [[nodiscard]] bool drain(std::chrono::milliseconds limit);

  private:
    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::deque<Task>> waiting_; ///< of each key that is ready or running
    std::deque<std::string> ready_;                   ///< keys with a task to begin, oldest first
    std::vector<std::thread> threads_;
    std::size_t busy_ = 0;
    bool is_stopping_ = false;
};

} // namespace penstock
