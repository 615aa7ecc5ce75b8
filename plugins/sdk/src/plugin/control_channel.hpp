#pragma once

#include "connection_store.hpp"
#include "file_descriptor.hpp"
#include "keyed_tasks.hpp"

#include "penstock/protocol/messages.hpp"

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace penstock {

/// The stream to the controller: requests in, replies and announcements out.
///
/// `configure`, `forget` and `describe` run in threads, in order for one connection; the rest is
/// answered at once. Announcements that the controller has not read yet are folded into one.
/// Threads: announce() and reply() from any; all others are the event loop's. They never wait for
/// the controller: what it does not read yet is kept here.
class ControlChannel {
  public:
    /// Lifetime: all references outlive the channel. `wake` makes the event loop call flush().
    ControlChannel(int socket, ConnectionStore& store, const PluginInfo& info,
                   std::function<void()> wake);

    /// The stream is readable. False when the controller has gone, or has broken the protocol
    /// (which is said on stderr).
    [[nodiscard]] bool on_readable();
    /// Writes what there is room for. False when the controller has gone.
    [[nodiscard]] bool flush();
    /// Is there something left to write?
    [[nodiscard]] bool has_output();
    [[nodiscard]] bool is_shutdown_requested() const noexcept { return is_shutdown_requested_; }

    void announce(const std::string& connection);
    /// Drops the tasks that have not begun, waits for the others. False when that takes too long.
    [[nodiscard]] bool drain(std::chrono::milliseconds limit) { return tasks_.drain(limit); }

  private:
    void take_requests();
    void take_request(std::span<const std::byte> payload);
    void reply(const wire::ControlReply& reply);
    void reply_info(const wire::ControlRequest& request);
    void run_later(const std::string& connection, std::shared_ptr<wire::ControlRequest> request);
    void configure(const wire::Configure& message);
    void run_task(const wire::ControlRequest& request);

    int socket_;
    ConnectionStore& store_;
    const PluginInfo& info_;
    std::function<void()> wake_;
    std::vector<std::byte> received_;
    bool is_shutdown_requested_ = false;

    std::mutex mutex_; ///< guards the two below
    std::string output_;
    std::set<std::string> announcements_; ///< not yet in output_

    KeyedTasks tasks_; ///< last: its threads use all of the above
};

} // namespace penstock
