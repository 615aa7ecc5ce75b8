#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <filesystem>
#include <functional>
#include <memory>

namespace penstock::config {

/// Says when to rescan: inotify on the folder, on the folders that its symbolic links point into,
/// and on the parent (a folder deleted and made again is noticed). Events are folded: one call
/// 100 ms after the last event, at the latest 1 s after the first; and one every 60 s regardless,
/// because a write through a far link makes no event. Falls back to polling every 2 s when there are
/// no watches left, and says so through `on_warning`. Threads: the executor's.
class FolderWatcher {
  public:
    FolderWatcher(boost::asio::any_io_executor executor, std::filesystem::path folder,
                  std::function<void()> on_change, std::function<void(std::string)> on_warning);
    ~FolderWatcher();
    FolderWatcher(const FolderWatcher&) = delete;
    FolderWatcher& operator=(const FolderWatcher&) = delete;

    void start();
    void stop();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace penstock::config
