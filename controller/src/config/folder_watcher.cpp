#include "config/folder_watcher.hpp"

#include "config/inotify.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

namespace penstock::config {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

struct FolderWatcher::Impl : std::enable_shared_from_this<FolderWatcher::Impl> {
    Impl(const asio::any_io_executor& executor, std::filesystem::path watched_folder,
         std::function<void()> change, std::function<void(std::string)> warning, WatchTimes waits)
        : folder(std::move(watched_folder)), on_change(std::move(change)),
          on_warning(std::move(warning)), times(waits), events(executor), fold_timer(executor),
          regular_timer(executor) {}
    ~Impl() { release_descriptor(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void start();
    void stop();
    void renew_watches();
    void warn(const std::string& text);
    void wait_for_events();
    void note_event();
    void schedule_regular() { schedule(is_polling ? times.poll : times.regardless); }
    void schedule(std::chrono::milliseconds delay);
    void fire();
    /// The descriptor is Inotify's: asio must not close it as well.
    void release_descriptor() {
        if (events.is_open()) {
            events.release();
        }
    }

    std::filesystem::path folder;
    std::function<void()> on_change;
    std::function<void(std::string)> on_warning;
    WatchTimes times;
    Inotify inotify;
    asio::posix::stream_descriptor events;
    asio::steady_timer fold_timer;
    asio::steady_timer regular_timer;
    bool is_running = false;
    bool is_polling = false;
    std::optional<Clock::time_point> first_event; ///< of those not reported yet
};

void FolderWatcher::Impl::start() {
    if (std::exchange(is_running, true)) {
        return;
    }
    if (inotify.descriptor() >= 0) {
        events.assign(inotify.descriptor());
        wait_for_events();
    }
    renew_watches();
    schedule_regular();
    note_event();
}

void FolderWatcher::Impl::stop() {
    is_running = false;
    fold_timer.cancel();
    regular_timer.cancel();
    release_descriptor();
}

/// Called before every report, so what happens between this and the owner's scan makes an event.
void FolderWatcher::Impl::renew_watches() {
    const bool was_polling = is_polling;
    if (inotify.descriptor() < 0) {
        is_polling = true;
        if (!was_polling) {
            warn("the kernel gives no inotify instance");
        }
        return;
    }
    const int failure = inotify.watch(folders_to_watch(folder));
    is_polling = failure != 0 || inotify.watch_count() == 0;
    if (is_polling && !was_polling) {
        warn(failure == 0 ? "neither the folder nor its parent exists"
                          : std::generic_category().message(failure));
    }
}

void FolderWatcher::Impl::warn(const std::string& text) {
    if (on_warning) {
        on_warning("cannot watch folder \"" + folder.string() + "\", looking every " +
                   std::to_string(times.poll.count()) + " ms instead: " + text);
    }
}

void FolderWatcher::Impl::wait_for_events() {
    events.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                          if (error || !self->is_running) {
                              return;
                          }
                          if (self->inotify.drain()) {
                              self->note_event();
                          }
                          self->wait_for_events();
                      });
}

void FolderWatcher::Impl::note_event() {
    const Clock::time_point now = Clock::now();
    first_event = first_event.value_or(now);
    fold_timer.expires_at(std::min(now + times.quiet, *first_event + times.patience));
    fold_timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error && self->is_running) {
            self->fire();
        }
    });
}

void FolderWatcher::Impl::schedule(std::chrono::milliseconds delay) {
    regular_timer.expires_after(delay);
    regular_timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error && self->is_running) {
            self->fire();
        }
    });
}

void FolderWatcher::Impl::fire() {
    first_event.reset();
    renew_watches();
    schedule_regular();
    on_change();
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): asio passes executors by value
FolderWatcher::FolderWatcher(boost::asio::any_io_executor executor, std::filesystem::path folder,
                             std::function<void()> on_change,
                             std::function<void(std::string)> on_warning, WatchTimes times)
    : impl_(std::make_shared<Impl>(executor, std::move(folder), std::move(on_change),
                                   std::move(on_warning), times)) {}

FolderWatcher::~FolderWatcher() {
    try {
        impl_->stop();
    } catch (const std::exception&) {
        // A timer that cannot be cancelled: its handler sees that nothing is running any more.
        impl_->is_running = false;
    }
}

void FolderWatcher::start() {
    impl_->start();
}

void FolderWatcher::stop() {
    impl_->stop();
}

void FolderWatcher::look_after(std::chrono::milliseconds delay) {
    if (impl_->is_running) {
        impl_->schedule(delay);
    }
}

} // namespace penstock::config
