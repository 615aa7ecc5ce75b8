#include "service/waiting_room.hpp"

#include "penstock/protocol/wait_request.hpp"
#include "penstock/types/error.hpp"
#include "service/logging.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace asio = boost::asio;

namespace penstock::service {

namespace {

using boost::system::error_code;
using hosting::Clock;
using Protocol = asio::local::stream_protocol;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
/// A server process sends its request in one go.
constexpr std::chrono::seconds kRequestLimit{10};
constexpr std::chrono::minutes kWarningPause{1};
/// When no descriptor is left for another peer.
constexpr std::chrono::milliseconds kAcceptPause{100};

Exception socket_error(const std::filesystem::path& path, const std::string& reason) {
    return {ErrorKind::kPermission, "could not make socket \"" + path.string() + "\": " + reason};
}

} // namespace

/// A server process that waits.
struct WaitingRoom::Peer {
    Peer(Protocol::socket stream, const asio::any_io_executor& executor)
        : socket(std::move(stream)), patience(executor) {}

    /// A peer that does not take one byte is none that waits.
    void send(WaitReply reply) {
        const auto byte = static_cast<unsigned char>(reply);
        if (!socket.is_open() ||
            ::send(socket.native_handle(), &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) {
            end();
        }
    }
    void end() {
        error_code ignored;
        static_cast<void>(socket.close(ignored)); // ends serve()
    }

    Protocol::socket socket;
    asio::steady_timer patience; ///< with its request
    std::string connection;
};

WaitingRoom::WaitingRoom(asio::any_io_executor executor, std::filesystem::path socket, Ask ask)
    : executor_(std::move(executor)), path_(std::move(socket)), ask_(std::move(ask)),
      acceptor_(executor_), changed_(executor_) {}

WaitingRoom::~WaitingRoom() {
    if (acceptor_.is_open()) {
        ::unlink(path_.c_str());
    }
}

void WaitingRoom::open() {
    if (path_.string().size() >= sizeof(sockaddr_un::sun_path)) {
        throw socket_error(path_, "the path has more than " +
                                      std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
    }
    ::unlink(path_.c_str());
    error_code failure;
    static_cast<void>(acceptor_.open(Protocol(), failure));
    if (!failure) {
        static_cast<void>(acceptor_.bind(Protocol::endpoint(path_.string()), failure));
    }
    // Its folder guards it from others; is_allowed() decides.
    if (!failure && ::chmod(path_.c_str(), 0666) != 0) {
        failure = error_code(errno, boost::system::system_category());
    }
    if (!failure) {
        static_cast<void>(acceptor_.listen(asio::socket_base::max_listen_connections, failure));
    }
    if (failure) {
        throw socket_error(path_, failure.message());
    }
}

void WaitingRoom::allow(std::vector<uid_t> uids) {
    const bool is_first = uids_.empty();
    uids_ = std::move(uids);
    if (is_first) {
        asio::co_spawn(executor_, accept_all(), asio::detached);
    }
}

asio::awaitable<void> WaitingRoom::accept_all() {
    while (acceptor_.is_open()) {
        const auto has_room = [this] {
            return peers_.size() < kMaxPeers || !waiting_.empty() || !acceptor_.is_open();
        };
        co_await changed_.wait(has_room, Clock::time_point::max());
        auto [failure, socket] = co_await acceptor_.async_accept(kNoThrow);
        if (failure && acceptor_.is_open()) {
            const auto is_closed = [this] { return !acceptor_.is_open(); };
            co_await changed_.wait(is_closed, Clock::now() + kAcceptPause);
        }
        if (!failure && is_allowed(socket.native_handle())) {
            const auto peer = std::make_shared<Peer>(std::move(socket), executor_);
            if (peers_.size() >= kMaxPeers) {
                ask_one_to_leave();
            }
            peers_.insert(peer);
            asio::co_spawn(executor_, serve(peer), asio::detached);
        }
    }
}

/// Of the connection that most wait for, the one that came first: it looks at the row, rests for up
/// to a second and comes again, so nobody who waits for another connection is kept out by them.
void WaitingRoom::ask_one_to_leave() {
    auto most = waiting_.end();
    std::size_t most_count = 0;
    for (auto first = waiting_.begin(); first != waiting_.end();) {
        const auto next = waiting_.upper_bound(first->first);
        const auto count = static_cast<std::size_t>(std::distance(first, next));
        if (count > most_count) {
            most = first;
            most_count = count;
        }
        first = next;
    }
    if (most != waiting_.end()) {
        const PeerPtr peer = most->second;
        peer->send(WaitReply::kSettled);
        peer->end();
        forget(peer);
    }
}

/// Twice does no harm.
void WaitingRoom::forget(const PeerPtr& peer) {
    const auto [first, end] = waiting_.equal_range(peer->connection);
    const auto place =
        std::find_if(first, end, [&peer](const auto& entry) { return entry.second == peer; });
    if (place != end) {
        waiting_.erase(place);
    }
    peers_.erase(peer);
    changed_.notify();
}

bool WaitingRoom::is_allowed(int socket) {
    ucred peer{};
    socklen_t size = sizeof(peer);
    const bool is_known = ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    if (is_known && std::find(uids_.begin(), uids_.end(), peer.uid) != uids_.end()) {
        return true;
    }
    if (Clock::now() < next_warning_) {
        return false; // anybody may try, however often
    }
    next_warning_ = Clock::now() + kWarningPause;
    log_warning("refused a process of user id " + std::to_string(peer.uid) + " at socket \"" +
                path_.string() + "\"");
    return false;
}

asio::awaitable<bool> WaitingRoom::read_request(PeerPtr peer) {
    peer->patience.expires_after(kRequestLimit);
    peer->patience.async_wait([peer](const error_code& failure) {
        if (!failure) {
            peer->end();
        }
    });
    std::byte header[sizeof(WaitHeader)] = {};
    const auto [failure, bytes] =
        co_await asio::async_read(peer->socket, asio::buffer(header), kNoThrow);
    const auto name_bytes = failure ? std::nullopt : parse_wait_header(header);
    bool is_read = false;
    if (name_bytes) {
        peer->connection.resize(*name_bytes);
        const auto [cut, rest] =
            co_await asio::async_read(peer->socket, asio::buffer(peer->connection), kNoThrow);
        is_read = !cut;
    }
    peer->patience.cancel();
    co_return is_read;
}

asio::awaitable<void> WaitingRoom::serve(PeerPtr peer) {
    if (co_await read_request(peer)) {
        waiting_.emplace(peer->connection, peer);
        changed_.notify();
        const Standing standing = ask_(peer->connection);
        if (standing == Standing::kSettled) {
            peer->send(WaitReply::kSettled);
        } else {
            if (standing == Standing::kLoading) {
                peer->send(WaitReply::kLoading);
            }
            std::array<char, 1> more{};
            // It has nothing more to say: this is its end, or ours.
            co_await peer->socket.async_read_some(asio::buffer(more), kNoThrow);
        }
    }
    peer->end();
    forget(peer);
}

std::vector<WaitingRoom::PeerPtr> WaitingRoom::peers_of(const std::string& connection) const {
    std::vector<PeerPtr> peers;
    const auto [first, end] = waiting_.equal_range(connection);
    std::for_each(first, end, [&peers](const auto& entry) { peers.push_back(entry.second); });
    return peers;
}

void WaitingRoom::tell_loading(const std::string& connection) {
    for (const PeerPtr& peer : peers_of(connection)) {
        peer->send(WaitReply::kLoading);
    }
}

void WaitingRoom::tell_settled(const std::string& connection) {
    for (const PeerPtr& peer : peers_of(connection)) {
        peer->send(WaitReply::kSettled);
        peer->end();
    }
}

void WaitingRoom::close() {
    if (acceptor_.is_open()) {
        error_code ignored;
        static_cast<void>(acceptor_.close(ignored));
        ::unlink(path_.c_str());
    }
    for (const PeerPtr& peer : peers_) {
        peer->end();
    }
    changed_.notify();
}

} // namespace penstock::service
