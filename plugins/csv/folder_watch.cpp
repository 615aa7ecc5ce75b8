#include "csv/folder_watch.hpp"

#include "penstock/types/error.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

namespace penstock::csv {

namespace {

using Clock = std::chrono::steady_clock;

/// A copy of many files is one change; chosen so that nobody notices the wait.
constexpr std::chrono::milliseconds kFold{100};

/// Not IN_MODIFY: a file that is being written is read when the writer closes it.
constexpr std::uint32_t kEvents = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
                                  IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                  IN_ONLYDIR;

} // namespace

FolderWatch::FolderWatch(std::function<void()> on_change)
    : on_change_(std::move(on_change)), inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      stop_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (inotify_ < 0 || stop_ < 0) {
        const std::string reason = std::strerror(errno); // NOLINT(concurrency-mt-unsafe)
        ::close(inotify_);
        ::close(stop_);
        throw Exception(ErrorKind::kLimit, "could not watch folders: " + reason, {},
                        "Raise fs.inotify.max_user_instances.");
    }
    thread_ = std::thread([this] { run(); });
}

FolderWatch::~FolderWatch() {
    const std::uint64_t one = 1;
    // An eventfd at zero always takes a one.
    [[maybe_unused]] const ssize_t written = ::write(stop_, &one, sizeof(one));
    thread_.join();
    ::close(inotify_);
    ::close(stop_);
}

std::map<std::string, std::string> FolderWatch::watch(const std::set<std::string>& folders) {
    const std::lock_guard lock(mutex_);
    for (auto at = watches_.begin(); at != watches_.end();) {
        if (folders.contains(at->first)) {
            ++at;
            continue;
        }
        ::inotify_rm_watch(inotify_, at->second);
        at = watches_.erase(at);
    }
    std::map<std::string, std::string> failed;
    for (const std::string& folder : folders) {
        // Also for those that are watched: a folder may have been replaced by another.
        const int number = ::inotify_add_watch(inotify_, folder.c_str(), kEvents);
        if (number < 0) {
            failed[folder] = std::strerror(errno); // NOLINT(concurrency-mt-unsafe)
        } else {
            watches_[folder] = number;
        }
    }
    return failed;
}

void FolderWatch::run() {
    std::optional<Clock::time_point> due;
    while (true) {
        int timeout_ms = -1;
        if (due) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - Clock::now());
            timeout_ms = left.count() > 0 ? static_cast<int>(left.count()) : 0;
        }
        std::array<pollfd, 2> wanted{pollfd{inotify_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
        const int ready = ::poll(wanted.data(), wanted.size(), timeout_ms);
        if (wanted[1].revents != 0 && ready > 0) {
            return;
        }
        if (ready > 0 && drain() && !due) {
            due = Clock::now() + kFold;
        }
        if (due && Clock::now() >= *due) {
            due.reset();
            on_change_();
        }
    }
}

bool FolderWatch::drain() {
    alignas(inotify_event) std::array<char, 16'384> space{};
    bool has_event = false;
    while (::read(inotify_, space.data(), space.size()) > 0) {
        has_event = true;
    }
    return has_event;
}

} // namespace penstock::csv
