#include "plugin_server.hpp"

#include "current_error.hpp"

#include <malloc.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace penstock {

namespace {

/// Time that scans have to end by themselves after a shutdown request.
constexpr std::chrono::seconds kShutdownTime{5};
/// Time that cancelled scans and tasks have to notice it, before the process ends without them.
constexpr std::chrono::seconds kCancelTime{2};
/// How long no peer is accepted after the descriptors or kMaxSessions have run out.
constexpr int kPauseMs = 100;
/// Peers accepted before everything else has its turn. Without a limit, clients that come as fast
/// as they are accepted keep the loop from the ends of scans, from cancels and from the controller.
constexpr int kPeersAtOnce = 16;
/// Peers that are served or wait for their turn; further ones wait to be accepted.
constexpr std::size_t kMaxSessions = 2 * PluginServer::kMaxScans;

FileDescriptor opened(int fd, const char* what) {
    FileDescriptor descriptor(fd);
    if (!descriptor.is_open()) {
        throw Exception(system_error(what));
    }
    return descriptor;
}

} // namespace

PluginServer::PluginServer(Plugin& plugin, const ServerOptions& options)
    : info_(plugin.info()), epoll_(opened(epoll_create1(EPOLL_CLOEXEC), "make an epoll set")),
      wake_(opened(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "make an eventfd")),
      store_(
          plugin, [this](const std::string& connection) { control_.announce(connection); },
          options.cache),
      control_(options.control_fd, store_, info_, [this] { wake(); }),
      listen_(options.socket_path, options.allowed_uids), control_fd_(options.control_fd) {
    watch(control_fd_, kControl, EPOLLIN, EPOLL_CTL_ADD);
    watch(listen_.fd(), kListen, EPOLLIN, EPOLL_CTL_ADD);
    watch(wake_.get(), kWake, EPOLLIN, EPOLL_CTL_ADD);
}

void PluginServer::wake() const noexcept {
    (void)!eventfd_write(wake_.get(), 1);
}

void PluginServer::watch(int fd, std::uint64_t source, std::uint32_t events, int operation) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = source;
    if (epoll_ctl(epoll_.get(), operation, fd, &event) != 0) {
        throw Exception(system_error("watch a descriptor"));
    }
}

int PluginServer::run() {
    std::array<epoll_event, 64> events{};
    while (!stop_at_ || (is_scanning() && Clock::now() < *stop_at_)) {
        const int count = epoll_wait(epoll_.get(), events.data(), events.size(), wait_ms());
        if (count == 0) {
            pause_listening(false);
        }
        for (int index = 0; index < count; ++index) {
            handle(events[static_cast<std::size_t>(index)]);
        }
        finish_scans();
        expire_sessions();
    }
    return stop();
}

bool PluginServer::is_scanning() const {
    return std::any_of(sessions_.begin(), sessions_.end(), [](const auto& entry) {
        return entry.second->state() == ScanSession::State::kRunning;
    });
}

int PluginServer::wait_ms() const {
    std::optional<Clock::time_point> next = stop_at_;
    for (const auto& [id, session] : sessions_) {
        const auto deadline = session->deadline();
        if (deadline && (!next || *deadline < *next)) {
            next = deadline;
        }
    }
    int wait = -1;
    if (next) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now());
        wait = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    return is_listening_paused_ && (wait < 0 || wait > kPauseMs) ? kPauseMs : wait;
}

void PluginServer::handle(const epoll_event& event) {
    switch (event.data.u64) {
    case kControl:
        return handle_control(event.events);
    case kListen:
        return accept_peers();
    case kWake: {
        eventfd_t count = 0;
        (void)!eventfd_read(wake_.get(), &count);
        return flush_control();
    }
    default:
        return handle_session(event.data.u64, event.events);
    }
}

void PluginServer::handle_control(std::uint32_t events) {
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !control_.on_readable()) {
        is_control_open_ = false;
        (void)epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, control_fd_, nullptr);
        cancel_sessions();
        stop_at_ = Clock::now() + kCancelTime;
        return refuse_queue();
    }
    if (control_.is_shutdown_requested() && !stop_at_) {
        stop_at_ = Clock::now() + kShutdownTime;
        refuse_queue();
    }
    flush_control();
}

void PluginServer::flush_control() {
    if (!is_control_open_) {
        return;
    }
    // A controller that has gone shows as end of file too; handle_control() sees it.
    const std::uint32_t wanted = control_.flush() && control_.has_output() ? EPOLLOUT : 0U;
    watch(control_fd_, kControl, EPOLLIN | wanted, EPOLL_CTL_MOD);
}

void PluginServer::accept_peers() {
    for (int count = 0; count < kPeersAtOnce; ++count) {
        if (sessions_.size() >= kMaxSessions) {
            return pause_listening(true);
        }
        FileDescriptor peer = listen_.accept();
        if (peer.is_open()) {
            admit(std::move(peer));
        } else if (errno != ECONNABORTED && errno != EINTR) {
            // Out of descriptors: the event would come again at once, for ever.
            pause_listening(errno != EAGAIN);
            return;
        }
    }
}

void PluginServer::pause_listening(bool is_paused) {
    if (is_paused != is_listening_paused_) {
        is_listening_paused_ = is_paused;
        watch(listen_.fd(), kListen, is_paused ? 0U : EPOLLIN, EPOLL_CTL_MOD);
    }
}

void PluginServer::admit(FileDescriptor peer) {
    const std::uint64_t id = next_id_++;
    std::unique_ptr<ScanSession> session;
    try {
        session = std::make_unique<ScanSession>(std::move(peer), store_, info_,
                                                [this, id] { note_done(id); });
        watch(session->fd(), id, EPOLLIN | EPOLLRDHUP, EPOLL_CTL_ADD);
    } catch (const Exception&) {
        return; // no descriptors left: closes it
    }
    if (const auto refusal = refusal_of(session->fd())) {
        session->refuse(*refusal);
    }
    sessions_.emplace(id, std::move(session));
    handle_session(id, 0); // the request is usually there already
}

void PluginServer::note_done(std::uint64_t id) {
    {
        const std::lock_guard lock(done_mutex_);
        done_.push_back(id);
    }
    wake();
}

/// Why a peer may not scan; nothing when it may.
std::optional<Error> PluginServer::refusal_of(int peer) const {
    if (!listen_.is_allowed(peer)) {
        return Error::make(ErrorKind::kPermission,
                           "plugin \"" + info_.name + "\" does not serve this user");
    }
    if (stop_at_) {
        return shutting_down();
    }
    return std::nullopt;
}

Error PluginServer::shutting_down() const {
    return Error::make(ErrorKind::kUnavailable, "plugin \"" + info_.name + "\" is shutting down");
}

void PluginServer::handle_session(std::uint64_t id, std::uint32_t events) {
    const auto found = sessions_.find(id);
    if (found != sessions_.end()) {
        found->second->on_ready((events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0);
        after_event(id);
    }
}

/// Removes a session that is done, queues one that has its request, and stops watching one that has
/// nothing more to say.
void PluginServer::after_event(std::uint64_t id) {
    const ScanSession& session = *sessions_.at(id);
    if (session.state() == ScanSession::State::kDone) {
        sessions_.erase(id); // closes it, which also ends the watch
    } else if (session.state() == ScanSession::State::kQueued) {
        queue_.push_back(id);
        start_scans();
    } else if (session.is_cancelled()) {
        (void)epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, session.fd(), nullptr);
    }
}

/// Those that came first, as many as may run. Some in the queue may have gone meanwhile.
void PluginServer::start_scans() {
    if (stop_at_) {
        return refuse_queue();
    }
    for (; !queue_.empty(); queue_.pop_front()) {
        const auto found = sessions_.find(queue_.front());
        if (found == sessions_.end() || found->second->state() != ScanSession::State::kQueued) {
            continue;
        }
        if (running_count_ >= kMaxScans) {
            return;
        }
        found->second->start();
        running_count_ += found->second->state() == ScanSession::State::kRunning ? 1U : 0U;
    }
}

void PluginServer::stay_queued() {
    for (const std::uint64_t id : queue_) {
        if (const auto found = sessions_.find(id); found != sessions_.end()) {
            found->second->stay_queued();
        }
    }
}

/// Nobody starts any more: they need not wait to learn it.
void PluginServer::refuse_queue() {
    for (const std::uint64_t id : std::exchange(queue_, {})) {
        const auto found = sessions_.find(id);
        if (found != sessions_.end() && found->second->state() == ScanSession::State::kQueued) {
            found->second->refuse(shutting_down());
        }
    }
}

void PluginServer::finish_scans() {
    std::vector<std::uint64_t> done;
    {
        const std::lock_guard lock(done_mutex_);
        done.swap(done_);
    }
    for (const std::uint64_t id : done) {
        sessions_.at(id)->finish();
        sessions_.erase(id);
        --running_count_;
    }
    if (!done.empty()) {
        pause_listening(false);
        start_scans();
        stay_queued();
    }
    // The memory of a large scan goes back to the system once no scan needs it.
    if (!done.empty() && sessions_.empty()) {
        malloc_trim(0);
    }
}

void PluginServer::expire_sessions() {
    const Clock::time_point now = Clock::now();
    for (auto next = sessions_.begin(); next != sessions_.end();) {
        const auto [id, session] = std::pair(next->first, next->second.get());
        ++next;
        const auto deadline = session->deadline();
        if (deadline && *deadline <= now) {
            session->expire();
            after_event(id);
        }
    }
}

void PluginServer::cancel_sessions() {
    for (const auto& [id, session] : sessions_) {
        session->cancel();
    }
}

int PluginServer::stop() {
    cancel_sessions();
    const bool are_tasks_done = control_.drain(kCancelTime);
    if (is_control_open_) {
        (void)control_.flush();
    }
    const Clock::time_point limit = Clock::now() + kCancelTime;
    while (is_scanning() && Clock::now() < limit) {
        pollfd wait{wake_.get(), POLLIN, 0};
        (void)poll(&wait, 1, kPauseMs);
        eventfd_t count = 0;
        (void)!eventfd_read(wake_.get(), &count);
        finish_scans();
    }
    if (is_scanning() || !are_tasks_done) {
        // Plugin code that does not stop must not keep the process; there is nothing to save.
        std::_Exit(0);
    }
    // Before the control channel goes: threads of a connection may still announce. One that does
    // not end must not keep the process either, and there may be nobody left to kill it.
    (void)std::signal(SIGALRM, SIG_DFL);
    (void)alarm(static_cast<unsigned>(kCancelTime.count()));
    store_.clear();
    (void)alarm(0);
    return 0;
}

} // namespace penstock
