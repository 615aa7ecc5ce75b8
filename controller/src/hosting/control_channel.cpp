#include "hosting/control_channel.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <tuple>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace penstock::hosting {

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

Error disconnected() {
    return Error::make(ErrorKind::kUnavailable, "the plugin closed its control socket");
}

} // namespace

/// A request that waits. Each has its own timer: with thousands under way, an answer must not wake
/// all the others.
class ControlChannel::Waiting {
  public:
    Waiting(ControlChannel& channel, std::uint64_t id, std::chrono::milliseconds timeout)
        : channel_(channel), id_(id), timer_(channel.socket_.get_executor(), timeout) {
        channel_.waiting_.emplace(id_, this);
    }
    ~Waiting() { channel_.waiting_.erase(id_); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    /// Until wake() or the timeout.
    asio::awaitable<void> wait() { co_await timer_.async_wait(kNoThrow); }
    void wake() { timer_.cancel(); }

    std::optional<wire::ControlReply> reply;

  private:
    ControlChannel& channel_;
    std::uint64_t id_;
    asio::steady_timer timer_;
};

ControlChannel::ControlChannel(const asio::any_io_executor& executor, OwnedFd socket, Events events)
    : socket_(executor, asio::local::stream_protocol(), socket.release()),
      events_(std::move(events)) {}

void ControlChannel::start() {
    // The coroutine keeps the channel alive until close().
    asio::co_spawn(
        socket_.get_executor(),
        [self = shared_from_this()]() -> asio::awaitable<void> { co_await self->read(); },
        asio::detached);
}

void ControlChannel::close(Error reason) {
    if (closed_) {
        return;
    }
    closed_ = std::move(reason);
    boost::system::error_code ignored;
    socket_.close(ignored); // nothing to do about a failure: the descriptor is gone either way
    for (const auto& [id, waiting] : waiting_) {
        waiting->wake();
    }
    if (events_.on_close) {
        events_.on_close();
    }
}

void ControlChannel::send(wire::ControlRequest request) {
    if (closed_) {
        return;
    }
    request.set_id(next_id_++);
    std::string frame;
    append_message_frame(FrameKind::kControl, request, frame);
    unsent_.push_back(std::move(frame));
    if (!is_writing_) {
        is_writing_ = true;
        asio::co_spawn(
            socket_.get_executor(),
            [self = shared_from_this()]() -> asio::awaitable<void> { co_await self->write(); },
            asio::detached);
    }
}

asio::awaitable<Result<wire::ControlReply>>
ControlChannel::request(wire::ControlRequest request, std::chrono::milliseconds timeout) {
    const auto self = shared_from_this();
    const std::uint64_t id = next_id_;
    send(std::move(request));
    Waiting waiting(*this, id, timeout);
    if (!closed_) {
        co_await waiting.wait();
    }
    std::optional<wire::ControlReply> reply = std::move(waiting.reply);
    if (!reply) {
        co_return closed_
            ? *closed_
            : Error::make(ErrorKind::kUnavailable, "the plugin did not answer within " +
                                                       std::to_string(timeout.count()) + " ms");
    }
    if (reply->kind_case() == wire::ControlReply::kError) {
        co_return read_message(reply->error());
    }
    co_return *std::move(reply);
}

asio::awaitable<void> ControlChannel::write() {
    while (!closed_ && !unsent_.empty()) {
        const std::string frame = std::move(unsent_.front());
        unsent_.pop_front();
        const auto [failure, bytes] =
            co_await asio::async_write(socket_, asio::buffer(frame), kNoThrow);
        if (failure) {
            close(disconnected());
        }
    }
    is_writing_ = false;
}

asio::awaitable<void> ControlChannel::read() {
    while (!closed_) {
        Status status = co_await read_frame();
        if (!status.ok()) {
            close(status.error());
        }
    }
}

asio::awaitable<Status> ControlChannel::read_frame() {
    std::array<std::byte, kFrameHeaderBytes> header{};
    const auto [no_header, header_bytes] =
        co_await asio::async_read(socket_, asio::buffer(header), kNoThrow);
    if (no_header) {
        co_return disconnected();
    }
    const Result<FrameInfo> info = parse_header(header, kMaxControlFrameBytes);
    if (!info.ok()) {
        co_return info.error();
    }
    if (info->kind != FrameKind::kControlReply) {
        co_return Error::make(ErrorKind::kProtocol,
                              "unexpected frame of kind " +
                                  std::to_string(static_cast<int>(info->kind)) +
                                  " on the control socket");
    }
    ++heard_count_;
    std::vector<std::byte> payload(info->payload_bytes);
    const auto [no_payload, payload_bytes] =
        co_await asio::async_read(socket_, asio::buffer(payload), kNoThrow);
    if (no_payload) {
        co_return disconnected();
    }
    ++heard_count_;
    co_return take_reply(payload);
}

Status ControlChannel::take_reply(std::span<const std::byte> payload) {
    wire::ControlReply reply;
    if (Status parsed = parse_message(payload, reply); !parsed.ok()) {
        return parsed;
    }
    if (reply.kind_case() == wire::ControlReply::kAnnouncement) {
        if (!closed_ && events_.on_announcement) {
            events_.on_announcement(reply.announcement().connection());
        }
        return {};
    }
    // An answer to nobody is late: its request gave up.
    if (const auto found = waiting_.find(reply.id()); found != waiting_.end()) {
        found->second->reply = std::move(reply);
        found->second->wake();
    }
    return {};
}

} // namespace penstock::hosting
