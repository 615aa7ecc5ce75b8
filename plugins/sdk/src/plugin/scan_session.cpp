#include "scan_session.hpp"

#include "current_error.hpp"
#include "socket_output.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace penstock {

namespace {

constexpr std::chrono::seconds kHandshakeTime{10};
constexpr std::chrono::seconds kTurnTime{10};
constexpr std::chrono::seconds kClosingTime{2};
constexpr std::size_t kReadBytes = 64U << 10;
/// Tables of an import go out in frames of about this size.
constexpr std::size_t kSchemaFrameBytes = 1U << 20;

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

template <typename Message>
void send_message(BlockOutput& output, FrameKind kind, const Message& message) {
    std::string frame;
    append_message_frame(kind, message, frame);
    output.write_frame(bytes_of(frame));
}

std::string error_frame(const Error& error) {
    wire::ErrorMessage message;
    write_message(error, message);
    std::string frame;
    append_message_frame(FrameKind::kError, message, frame);
    return frame;
}

} // namespace

ScanSession::ScanSession(FileDescriptor socket, ConnectionStore& store, const PluginInfo& info,
                         std::function<void()> on_done)
    : socket_(std::move(socket)), store_(store), info_(info), on_done_(std::move(on_done)),
      deadline_(Clock::now() + kHandshakeTime) {}

ScanSession::~ScanSession() {
    if (thread_.joinable()) {
        cancel_.raise();
        thread_.join();
    }
}

std::optional<ScanSession::Clock::time_point> ScanSession::deadline() const noexcept {
    return state_ == State::kRunning ? std::nullopt : std::optional(deadline_);
}

void ScanSession::on_ready(bool has_hung_up) {
    switch (state_) {
    case State::kHandshake:
        read_handshake();
        break;
    // After its request a peer has one thing left to say: stop. kCancel, a hang-up and garbage all
    // mean it.
    case State::kQueued:
        state_ = State::kDone;
        break;
    case State::kRunning:
        cancel_.raise();
        break;
    case State::kClosing:
        discard_input();
        if (has_hung_up) {
            state_ = State::kDone;
        }
        break;
    case State::kDone:
        break;
    }
}

void ScanSession::read_handshake() {
    const std::size_t used = received_.size();
    received_.resize(used + kReadBytes);
    const ssize_t count = recv(fd(), received_.data() + used, kReadBytes, MSG_DONTWAIT);
    received_.resize(used + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        state_ = State::kDone; // went away before it had asked for anything
        return;
    }
    try {
        if (take_frames()) {
            state_ = State::kQueued;
            deadline_ = Clock::now() + kTurnTime;
        }
    } catch (...) {
        refuse(current_error());
    }
}

bool ScanSession::take_frames() {
    std::span<const std::byte> rest = received_;
    while (!scan_ && !import_) {
        const auto frame = cut_frame(rest).take();
        if (!frame) {
            break;
        }
        take_frame(*frame);
        rest = rest.subspan(frame->frame_bytes);
    }
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(
                                                               received_.size() - rest.size()));
    return scan_ || import_;
}

void ScanSession::take_frame(const FrameView& frame) {
    if (!hello_) {
        if (frame.kind != FrameKind::kHello) {
            throw Exception(ErrorKind::kProtocol, "stream does not begin with a hello frame");
        }
        parse_message(frame.payload, hello_.emplace()).take();
        (void)agree_on_version(*hello_).take();
        return;
    }
    if (frame.kind == FrameKind::kScan) {
        parse_message(frame.payload, scan_.emplace()).take();
    } else if (frame.kind == FrameKind::kImport) {
        parse_message(frame.payload, import_.emplace()).take();
    } else {
        throw Exception(ErrorKind::kProtocol,
                        "unexpected frame of kind " +
                            std::to_string(static_cast<unsigned>(frame.kind)) +
                            " instead of a request");
    }
}

void ScanSession::stay_queued() {
    if (state_ == State::kQueued) {
        deadline_ = Clock::now() + kTurnTime;
    }
}

void ScanSession::start() {
    const bool has_more = !received_.empty();
    received_ = {};
    try {
        thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
        return refuse(
            Error::make(ErrorKind::kLimit, "could not start a thread for the scan", error.what()));
    }
    state_ = State::kRunning;
    if (has_more) {
        cancel_.raise();
    }
}

void ScanSession::refuse(const Error& error) {
    const std::string frame = error_frame(error);
    (void)!send(fd(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(fd(), SHUT_WR);
    state_ = State::kClosing;
    deadline_ = Clock::now() + kClosingTime;
}

void ScanSession::discard_input() {
    std::array<std::byte, kReadBytes> discarded; // NOLINT(cppcoreguidelines-pro-type-member-init)
    const ssize_t count = recv(fd(), discarded.data(), discarded.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        state_ = State::kDone;
    }
}

void ScanSession::expire() {
    switch (state_) {
    case State::kHandshake:
        return refuse(Error::make(ErrorKind::kProtocol, "no request arrived within 10 seconds"));
    case State::kQueued:
        return refuse(Error::make(ErrorKind::kLimit,
                                  "too many scans at once in plugin \"" + info_.name + '"',
                                  "None of those that run has ended for 10 seconds."));
    default:
        state_ = State::kDone;
    }
}

void ScanSession::finish() {
    thread_.join();
    state_ = State::kDone;
}

void ScanSession::run() {
    SocketOutput output(fd(), cancel_);
    try {
        answer(output);
    } catch (...) {
        output.write_last_frame(bytes_of(error_frame(current_error())));
    }
    on_done_();
}

void ScanSession::answer(BlockOutput& output) {
    wire::Welcome welcome;
    welcome.set_magic(kProtocolMagic);
    welcome.set_version(agree_on_version(*hello_).take());
    welcome.set_plugin(info_.name);
    welcome.set_plugin_version(info_.version);
    send_message(output, FrameKind::kWelcome, welcome);
    if (scan_) {
        answer_scan(output);
    } else {
        answer_import(output);
    }
}

void ScanSession::answer_scan(BlockOutput& output) {
    ScanRequest request = read_message(*scan_).take();
    const std::uint32_t part_count = request.part_count;
    const ScanSummary summary = store_.scan(std::move(request), output);
    wire::End end;
    end.set_row_count(summary.row_count);
    end.set_source_bytes(summary.source_bytes);
    if (summary.cache_age) {
        end.set_is_cached(true);
        end.set_cache_age_ms(static_cast<std::uint64_t>(summary.cache_age->count()));
    }
    end.set_part_count(part_count);
    for (const std::string& warning : summary.warnings) {
        end.add_warnings(replace_invalid_text(warning));
    }
    send_message(output, FrameKind::kEnd, end);
}

void ScanSession::answer_import(BlockOutput& output) {
    if (import_->clear_cache()) {
        store_.clear_cache(import_->connection());
        return send_message(output, FrameKind::kEnd, wire::End());
    }
    std::vector<TableSchema> tables = store_.describe(import_->connection());
    const auto& wanted = import_->tables();
    if (!wanted.empty()) {
        std::erase_if(tables, [&](const TableSchema& table) {
            return std::find(wanted.begin(), wanted.end(), table.name) == wanted.end();
        });
    }
    wire::Schema schema;
    for (const TableSchema& table : tables) {
        wire::Schema one;
        write_message(std::vector<TableSchema>{table}, one);
        schema.MergeFrom(one);
        if (schema.ByteSizeLong() >= kSchemaFrameBytes) {
            send_message(output, FrameKind::kSchema, schema);
            schema.Clear();
        }
    }
    send_message(output, FrameKind::kSchema, schema);
    wire::End end;
    end.set_row_count(tables.size());
    send_message(output, FrameKind::kEnd, end);
}

} // namespace penstock
