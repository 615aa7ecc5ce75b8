#pragma once

#include "connection_store.hpp"
#include "control_channel.hpp"
#include "file_descriptor.hpp"
#include "listen_socket.hpp"
#include "scan_session.hpp"

#include <sys/epoll.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

struct ServerOptions {
    std::string socket_path;
    std::vector<uid_t> allowed_uids;
    int control_fd = 3;
    CacheLimits cache;
};

/// A plugin process at work: one event loop for the control stream, new peers and hang-ups; a
/// thread for each scan; a few threads for configure and describe.
///
/// Ends when the controller's end of the control stream is closed (it is the lifeline, which also
/// works when the controller is killed), or on its request.
class PluginServer {
  public:
    /// Further ones wait for their turn, until none has ended for ten seconds: those that run may
    /// be waiting for them.
    static constexpr std::size_t kMaxScans = 256;

    /// Errors: throws Exception, kUnavailable when the socket cannot be made.
    PluginServer(Plugin& plugin, const ServerOptions& options);

    /// Returns the exit code. Does not return when plugin code does not stop: then the process ends
    /// with _exit.
    [[nodiscard]] int run();

  private:
    using Clock = std::chrono::steady_clock;
    /// What an event is about; sessions count on from kFirstSession.
    enum Source : std::uint64_t { kControl, kListen, kWake, kFirstSession };

    void wake() const noexcept;
    void watch(int fd, std::uint64_t source, std::uint32_t events, int operation);
    void handle(const epoll_event& event);
    void handle_control(std::uint32_t events);
    void handle_session(std::uint64_t id, std::uint32_t events);
    void accept_peers();
    void admit(FileDescriptor peer);
    [[nodiscard]] std::optional<Error> refusal_of(int peer) const;
    [[nodiscard]] Error shutting_down() const;
    /// Called in the thread of a scan.
    void note_done(std::uint64_t id);
    void flush_control();
    void start_scans();
    void stay_queued();
    void refuse_queue();
    void finish_scans();
    void after_event(std::uint64_t id);
    void expire_sessions();
    void pause_listening(bool is_paused);
    void cancel_sessions();
    [[nodiscard]] bool is_scanning() const;
    [[nodiscard]] int wait_ms() const;
    [[nodiscard]] int stop();

    const PluginInfo info_;
    FileDescriptor epoll_;
    FileDescriptor wake_;
    ConnectionStore store_;
    ControlChannel control_;
    ListenSocket listen_;
    int control_fd_;
    bool is_control_open_ = true;
    bool is_listening_paused_ = false;
    std::optional<Clock::time_point> stop_at_; ///< no new scans; the latest end of the process
    std::uint64_t next_id_ = kFirstSession;
    std::mutex done_mutex_;
    std::vector<std::uint64_t> done_; ///< sessions whose scan has ended
    std::map<std::uint64_t, std::unique_ptr<ScanSession>> sessions_;
    std::deque<std::uint64_t> queue_; ///< sessions that wait for their turn, or did
    std::size_t running_count_ = 0;
};

} // namespace penstock
