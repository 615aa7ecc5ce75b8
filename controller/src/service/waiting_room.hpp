#pragma once

#include "hosting/condition.hpp"
#include "service/waiters.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace penstock::service {

/// The socket at which server processes say which connection their query waits for
/// (penstock/protocol/wait_request.hpp), and hear when it is being loaded and when it is settled.
///
/// A peer that is nobody we know, sends anything else or does not read is dropped; a peer that goes
/// away is forgotten. Past kMaxPeers somebody is asked to leave for each that comes: of those who
/// wait for the connection that most wait for, who may come again at once. Threads: the executor's,
/// which is one.
class WaitingRoom {
  public:
    /// Most server processes that are heard at once. Chosen: far more than any server's
    /// max_connections usually is, and half of the usual limit of file descriptors.
    static constexpr std::size_t kMaxPeers = 500;

    /// Somebody waits for `connection`: what has he to expect?
    using Ask = std::function<Standing(const std::string& connection)>;

    WaitingRoom(boost::asio::any_io_executor executor, std::filesystem::path socket, Ask ask);
    ~WaitingRoom();
    WaitingRoom(const WaitingRoom&) = delete;
    WaitingRoom& operator=(const WaitingRoom&) = delete;

    /// Makes the socket; connections wait in its queue until allow(). Only under the service's
    /// lock: takes the place of a socket that a killed controller left. Errors: Exception kOption,
    /// kPermission.
    void open();
    /// Lets in processes of these users, from the first call on.
    void allow(std::vector<uid_t> uids);
    /// Everybody inside hears it.
    void tell_loading(const std::string& connection);
    void tell_settled(const std::string& connection);
    /// Nobody is let in any more, and everybody sees the end of the stream.
    void close();

    [[nodiscard]] const std::filesystem::path& socket() const noexcept { return path_; }

  private:
    struct Peer;
    using PeerPtr = std::shared_ptr<Peer>;

    boost::asio::awaitable<void> accept_all();
    boost::asio::awaitable<void> serve(PeerPtr peer);
    boost::asio::awaitable<bool> read_request(PeerPtr peer);
    void ask_one_to_leave();
    void forget(const PeerPtr& peer);
    [[nodiscard]] bool is_allowed(int socket);
    [[nodiscard]] std::vector<PeerPtr> peers_of(const std::string& connection) const;

    boost::asio::any_io_executor executor_;
    std::filesystem::path path_;
    Ask ask_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    std::vector<uid_t> uids_;                     ///< empty: nobody is let in yet
    std::multimap<std::string, PeerPtr> waiting_; ///< by connection
    std::set<PeerPtr> peers_;                     ///< all of them, also before they said what
    hosting::Clock::time_point next_warning_{};
    hosting::Condition changed_;
};

} // namespace penstock::service
