#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace penstock::csv {

/// Calls back when something happened in one of some folders and then 100 ms have passed: one call
/// for a burst of changes. Waits on inotify in a thread of its own; costs nothing in between.
class FolderWatch {
  public:
    /// `on_change` is called from the thread of the watch, never after the destructor began.
    /// Errors: throws Exception kLimit when the system has no inotify instance left.
    explicit FolderWatch(std::function<void()> on_change);
    FolderWatch(const FolderWatch&) = delete;
    FolderWatch& operator=(const FolderWatch&) = delete;
    ~FolderWatch();

    /// Watches these folders and no others. Those that cannot be watched are returned, with the
    /// reason.
    std::map<std::string, std::string> watch(const std::set<std::string>& folders);

  private:
    void run();
    /// Takes all events that are waiting. Returns whether there were any.
    bool drain();

    std::function<void()> on_change_;
    int inotify_ = -1;
    int stop_ = -1; ///< eventfd
    std::mutex mutex_;
    std::map<std::string, int> watches_; ///< folder → watch descriptor
    std::thread thread_;
};

} // namespace penstock::csv
