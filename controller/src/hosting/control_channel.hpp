#pragma once

#include "hosting/process.hpp"

#include "penstock/protocol/messages.hpp"
#include "penstock/types/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace penstock::hosting {

/// Our end of a plugin's control socket: requests out, answers in by their id, announcements.
///
/// Shape: frames of kind kControl and kControlReply (protocol/messages.proto). Answers come in any
/// order. Threads: the executor's, which is one.
class ControlChannel : public std::enable_shared_from_this<ControlChannel> {
  public:
    struct Events {
        std::function<void(const std::string& connection)> on_announcement;
        std::function<void()> on_close;
    };

    ControlChannel(const boost::asio::any_io_executor& executor, OwnedFd socket, Events events);

    /// Begins to read. Ends by itself with close().
    void start();
    /// Every request that waits, and every later one, fails with `reason`. The first reason stays.
    void close(Error reason);
    [[nodiscard]] bool is_closed() const noexcept { return closed_.has_value(); }
    /// How often the plugin was heard since the start: whole answers, and the beginnings of long
    /// ones.
    [[nodiscard]] std::uint64_t heard_count() const noexcept { return heard_count_; }

    /// Sends `request` (its id is set here) and waits for its answer.
    /// Errors: the plugin's own; kUnavailable when there is no answer in time, or the channel's
    /// reason once it is closed; kProtocol for bytes that break the contract.
    boost::asio::awaitable<Result<wire::ControlReply>> request(wire::ControlRequest request,
                                                               std::chrono::milliseconds timeout);
    /// Sends `request` and does not wait.
    void send(wire::ControlRequest request);

  private:
    class Waiting;

    boost::asio::awaitable<void> read();
    boost::asio::awaitable<Status> read_frame();
    boost::asio::awaitable<void> write();
    Status take_reply(std::span<const std::byte> payload);

    boost::asio::local::stream_protocol::socket socket_;
    Events events_;
    std::uint64_t next_id_ = 1;
    std::uint64_t heard_count_ = 0;
    std::map<std::uint64_t, Waiting*> waiting_; ///< by id; each lives in its request()
    std::deque<std::string> unsent_;
    bool is_writing_ = false;
    std::optional<Error> closed_;
};

} // namespace penstock::hosting
