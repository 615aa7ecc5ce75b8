#pragma once

#include "config/config_folder.hpp"
#include "config/folder_watcher.hpp"
#include "service/instances.hpp"
#include "service/options.hpp"
#include "service/refresh.hpp"
#include "service/sessions.hpp"
#include "service/waiting_room.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>

#include <memory>
#include <string>

namespace penstock::service {

/// penstockd: one event loop that owns everything, and threads for SQL.
///
/// The constructor only stores; run() works until SIGTERM or SIGINT.
class Service {
  public:
    explicit Service(Options options);
    ~Service() = default;
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// Returns: the exit code.
    int run();

  private:
    Instances::Events instance_events();
    void start();
    void rescan();
    void wait_for_signal();
    void take_signal(int number);

    boost::asio::awaitable<void> main();
    boost::asio::awaitable<std::unique_ptr<catalog::Leader>> find_database();
    boost::asio::awaitable<void> lead(std::unique_ptr<catalog::Leader> leader);
    boost::asio::awaitable<void>
    listen(std::shared_ptr<boost::asio::posix::stream_descriptor> socket);
    boost::asio::awaitable<void> check_instances();
    boost::asio::awaitable<void> shut_down();
    boost::asio::awaitable<void> pause(std::chrono::milliseconds time);
    void allow_server(const catalog::Leader& leader);

    Options options_;
    boost::asio::io_context loop_{1};
    SessionPool sessions_;
    Instances instances_;
    Refresh refresh_;
    WaitingRoom waiting_room_;
    config::ConfigFolder folder_;
    config::FolderWatcher watcher_;
    boost::asio::signal_set signals_;
    hosting::Condition changed_;
    std::unique_ptr<catalog::Leader> leader_; ///< while we lead
    bool is_stopping_ = false;
    std::chrono::milliseconds reconnect_delay_;
    std::string last_failure_; ///< so that the same one is logged once
};

} // namespace penstock::service
