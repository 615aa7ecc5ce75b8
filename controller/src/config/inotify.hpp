#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace penstock::config {

/// What is watched of one folder: all of it, or some names in it.
struct WatchedFolder {
    bool is_whole = false;
    std::set<std::string> names;
};

/// The folders that a FolderWatcher wants to hear of, by path: the folder itself, its parent (for
/// the folder's own name) and where its symbolic links lead.
[[nodiscard]] std::map<std::string, WatchedFolder>
folders_to_watch(const std::filesystem::path& folder);

/// The inotify descriptor and its watches. Not tied to a loop: the owner waits for `descriptor()`.
class Inotify {
  public:
    Inotify();
    ~Inotify();
    Inotify(const Inotify&) = delete;
    Inotify& operator=(const Inotify&) = delete;

    /// -1 when the kernel gave none.
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// Makes the watches equal to `wanted`; a folder that does not exist is left out.
    /// Returns: 0, or the errno of the first watch that could not be made for another reason.
    int watch(const std::map<std::string, WatchedFolder>& wanted);
    [[nodiscard]] std::size_t watch_count() const noexcept { return watched_.size(); }

    /// Reads all events that are there. Returns: whether one of them matters.
    bool drain();

  private:
    [[nodiscard]] bool matters(int watch, std::uint32_t mask, const std::string& name);

    int descriptor_;
    std::map<int, WatchedFolder> watched_;
};

} // namespace penstock::config
