#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace penstock::config {

/// How long a FolderWatcher waits; the defaults are for the service.
struct WatchTimes {
    std::chrono::milliseconds quiet{100};     ///< after the last event
    std::chrono::milliseconds patience{1000}; ///< after the first one, when they do not end
    std::chrono::milliseconds regardless{60'000};
    std::chrono::milliseconds poll{2000}; ///< while something cannot be watched
};

/// Says when to rescan: inotify on the folder, on the folders that its symbolic links point into,
/// and on the parent (a folder deleted and made again is noticed). Events are folded: one call
/// 100 ms after the last event, at the latest 1 s after the first; and one every 60 s regardless,
/// because a write through a far link makes no event. Falls back to polling every 2 s when there
/// are no watches left, or neither folder nor parent to watch, and says so once through
/// `on_warning`. Threads: the executor's, which must run handlers one at a time.
class FolderWatcher {
  public:
    FolderWatcher(boost::asio::any_io_executor executor, std::filesystem::path folder,
                  std::function<void()> on_change, std::function<void(std::string)> on_warning,
                  WatchTimes times = {});
    /// Stops. No callback runs afterwards.
    ~FolderWatcher();
    FolderWatcher(const FolderWatcher&) = delete;
    FolderWatcher& operator=(const FolderWatcher&) = delete;

    /// Begins to watch. The first call of `on_change` comes after the quiet time without any event:
    /// what changed between the owner's own first scan and now is not missed.
    void start();
    void stop();
    /// Makes the next look come after `delay` even if there is no event before: for
    /// ConfigFolder::rescan_after_ms(). Counts until the next call of `on_change`; only while
    /// running.
    void look_after(std::chrono::milliseconds delay);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_; ///< shared with the handlers in flight
};

} // namespace penstock::config
