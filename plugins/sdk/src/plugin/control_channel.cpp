#include "control_channel.hpp"

#include "current_error.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstdio>

namespace penstock {

namespace {

constexpr std::size_t kReadBytes = 64U << 10;

wire::ControlReply error_reply(std::uint64_t id, const Error& error) {
    wire::ControlReply reply;
    reply.set_id(id);
    write_message(error, *reply.mutable_error());
    return reply;
}

} // namespace

ControlChannel::ControlChannel(int socket, ConnectionStore& store, const PluginInfo& info,
                               std::function<void()> wake)
    : socket_(socket), store_(store), info_(info), wake_(std::move(wake)) {}

bool ControlChannel::on_readable() {
    const std::size_t used = received_.size();
    received_.resize(used + kReadBytes);
    const ssize_t count = recv(socket_, received_.data() + used, kReadBytes, MSG_DONTWAIT);
    received_.resize(used + static_cast<std::size_t>(count > 0 ? count : 0));
    if (count <= 0) {
        return count < 0 && (errno == EAGAIN || errno == EINTR);
    }
    try {
        take_requests();
        return true;
    } catch (const Exception& exception) {
        std::fprintf(stderr, "%s: control stream: %s\n", info_.name.c_str(), exception.what());
        return false;
    }
}

void ControlChannel::take_requests() {
    std::size_t taken = 0;
    while (true) {
        const auto rest = std::span<const std::byte>(received_).subspan(taken);
        const auto frame = cut_frame(rest, kMaxControlFrameBytes).take();
        if (!frame) {
            break;
        }
        if (frame->kind != FrameKind::kControl) {
            throw Exception(ErrorKind::kProtocol, "unexpected kind of frame from controller");
        }
        take_request(frame->payload);
        taken += frame->frame_bytes;
    }
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(taken));
}

void ControlChannel::take_request(std::span<const std::byte> payload) {
    auto request = std::make_shared<wire::ControlRequest>();
    parse_message(payload, *request).take();
    wire::ControlReply ok;
    ok.set_id(request->id());
    ok.mutable_ok();
    switch (request->kind_case()) {
    case wire::ControlRequest::kHello:
        return reply_info(*request);
    case wire::ControlRequest::kPing:
        return reply(ok);
    case wire::ControlRequest::kShutdown:
        is_shutdown_requested_ = true;
        return reply(ok);
    case wire::ControlRequest::kConfigure:
        return run_later(request->configure().connection(), request);
    case wire::ControlRequest::kForget:
        return run_later(request->forget().connection(), request);
    case wire::ControlRequest::kDescribe:
        return run_later(request->describe().connection(), request);
    case wire::ControlRequest::KIND_NOT_SET:
        break;
    }
    reply(error_reply(request->id(), Error::make(ErrorKind::kProtocol, "unknown control request")));
}

void ControlChannel::reply_info(const wire::ControlRequest& request) {
    const Result<std::uint32_t> version = agree_on_version(request.hello());
    if (!version) {
        return reply(error_reply(request.id(), version.error()));
    }
    wire::ControlReply answer;
    answer.set_id(request.id());
    wire::PluginInfo& info = *answer.mutable_hello();
    info.set_name(info_.name);
    info.set_version(info_.version);
    info.set_description(info_.description);
    info.set_is_dynamic(info_.is_dynamic);
    for (const ArgumentSpec& spec : info_.arguments) {
        write_message(spec, *info.add_arguments());
    }
    reply(answer);
}

void ControlChannel::run_later(const std::string& connection,
                               std::shared_ptr<wire::ControlRequest> request) {
    tasks_.add(connection, [this, request = std::move(request)] {
        try {
            run_task(*request);
        } catch (...) {
            reply(error_reply(request->id(), current_error()));
        }
    });
}

void ControlChannel::configure(const wire::Configure& message) {
    if (message.on_error().empty()) {
        Arguments arguments;
        for (const auto& [name, value] : message.arguments()) {
            arguments.emplace(name, read_message(value));
        }
        store_.configure(message.connection(), arguments);
        return;
    }
    const bool is_partial = message.on_error() == "partial";
    if (!is_partial && message.on_error() != "fail") {
        throw Exception(ErrorKind::kProtocol, "unknown on_error \"" + message.on_error() + '"');
    }
    Aggregate aggregate;
    aggregate.children.assign(message.children().begin(), message.children().end());
    aggregate.is_partial = is_partial;
    store_.configure(message.connection(), std::move(aggregate));
}

void ControlChannel::run_task(const wire::ControlRequest& request) {
    wire::ControlReply answer;
    answer.set_id(request.id());
    if (request.has_configure()) {
        configure(request.configure());
        answer.mutable_ok();
    } else if (request.has_forget()) {
        store_.forget(request.forget().connection());
        answer.mutable_ok();
    } else {
        const std::string& connection = request.describe().connection();
        write_message(store_.describe(connection), *answer.mutable_schema());
        write_message(store_.problems(connection), *answer.mutable_schema());
    }
    reply(answer);
}

void ControlChannel::reply(const wire::ControlReply& reply) {
    {
        const std::lock_guard lock(mutex_);
        append_message_frame(FrameKind::kControlReply, reply, output_);
    }
    wake_();
}

void ControlChannel::announce(const std::string& connection) {
    {
        const std::lock_guard lock(mutex_);
        announcements_.insert(connection);
    }
    wake_();
}

bool ControlChannel::flush() {
    const std::lock_guard lock(mutex_);
    // Only behind everything else: while the stream is full they go on folding.
    if (output_.empty()) {
        for (const std::string& connection : announcements_) {
            wire::ControlReply announcement;
            announcement.mutable_announcement()->set_connection(connection);
            append_message_frame(FrameKind::kControlReply, announcement, output_);
        }
        announcements_.clear();
    }
    std::size_t written = 0;
    while (written < output_.size()) {
        const ssize_t count = send(socket_, output_.data() + written, output_.size() - written,
                                   MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno != EINTR) {
            output_.erase(0, written);
            return errno == EAGAIN;
        }
        written += static_cast<std::size_t>(count > 0 ? count : 0);
    }
    output_.clear();
    return true;
}

bool ControlChannel::has_output() {
    const std::lock_guard lock(mutex_);
    return !output_.empty() || !announcements_.empty();
}

} // namespace penstock
