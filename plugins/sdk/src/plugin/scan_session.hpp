#pragma once

#include "cancel_signal.hpp"
#include "connection_store.hpp"
#include "file_descriptor.hpp"

#include "penstock/protocol/messages.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace penstock {

/// One peer on the scan socket, from accept to close.
///
///   kHandshake  reads Hello and Scan (or Import) as they come   deadline 10 s
///   kQueued     has its request and waits for start()           deadline 10 s since a scan ended
///   kRunning    a thread answers; anything that is read or a hang-up cancels it
///   kClosing    an error has been sent; waits for the peer to close   deadline 2 s
///   kDone       to be destroyed
///
/// kClosing is there because a socket that is closed while the peer still writes its request makes
/// that write fail, and the peer would never read why.
/// Threads: the functions are the event loop's; the scan runs in a thread of the session.
class ScanSession {
  public:
    using Clock = std::chrono::steady_clock;
    enum class State : std::uint8_t { kHandshake, kQueued, kRunning, kClosing, kDone };

    /// `on_done` is called in the scan's thread, as its last act.
    ScanSession(FileDescriptor socket, ConnectionStore& store, const PluginInfo& info,
                std::function<void()> on_done);
    ScanSession(const ScanSession&) = delete;
    ScanSession& operator=(const ScanSession&) = delete;
    ~ScanSession();

    [[nodiscard]] int fd() const noexcept { return socket_.get(); }
    [[nodiscard]] State state() const noexcept { return state_; }
    /// When expire() is due; nothing while it runs.
    [[nodiscard]] std::optional<Clock::time_point> deadline() const noexcept;

    /// Begins the deadline of one that is queued anew: a scan has ended, so its turn comes nearer.
    void stay_queued();
    /// From kQueued to kRunning; to kClosing when there is no thread for it.
    void start();
    /// The socket is readable or has hung up.
    void on_ready(bool has_hung_up);
    /// Answers with an error and waits for the peer to go.
    void refuse(const Error& error);
    void expire();
    void cancel() noexcept { cancel_.raise(); }
    [[nodiscard]] bool is_cancelled() const noexcept { return cancel_.is_raised(); }
    /// The thread has called `on_done`: waits for its end.
    void finish();

  private:
    void read_handshake();
    /// Takes the frames that are complete. True when there was a request.
    bool take_frames();
    void take_frame(const FrameView& frame);
    void discard_input();

    void run();
    void answer(BlockOutput& output);
    void answer_scan(BlockOutput& output);
    void answer_import(BlockOutput& output);

    FileDescriptor socket_;
    ConnectionStore& store_;
    const PluginInfo& info_;
    std::function<void()> on_done_;
    State state_ = State::kHandshake;
    Clock::time_point deadline_;
    CancelSignal cancel_;
    std::vector<std::byte> received_;
    std::optional<wire::Hello> hello_;
    std::optional<wire::Scan> scan_;
    std::optional<wire::Import> import_;
    std::thread thread_;
};

} // namespace penstock
