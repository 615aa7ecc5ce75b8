#include "service/service.hpp"

#include "service/installation_key.hpp"
#include "service/logging.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <random>
#include <system_error>
#include <thread>

namespace asio = boost::asio;

namespace penstock::service {

namespace {

using hosting::Clock;
using std::chrono::milliseconds;

constexpr milliseconds kFirstReconnect{100};
constexpr milliseconds kLastReconnect{5'000};
/// After leadership that lasted this long the next reconnect is quick again; one that ends sooner,
/// again and again, is tried at the slowest pace.
constexpr std::chrono::seconds kSettled{5};
constexpr std::chrono::seconds kInstanceCheck{10};
/// Plugins get 9 s; what SQL is still under way then is rolled back by the server.
constexpr milliseconds kStopLimit{9'700};

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// Controllers that lost the same server must not come back in step.
milliseconds with_jitter(milliseconds delay) {
    static std::minstd_rand random(static_cast<unsigned>(getpid()));
    return delay / 2 + milliseconds(random() % static_cast<unsigned>(delay.count() / 2 + 1));
}

/// A thread of its own: it also counts when the loop waits for something that never comes.
void end_in_time() {
    std::this_thread::sleep_for(kStopLimit);
    log_warning("something did not end in time; stopping without it");
    std::_Exit(0); // every transaction is all or nothing, every plugin sees our end
}

} // namespace

Service::Service(Options options)
    : options_(std::move(options)), instances_(loop_.get_executor(), options_.plugin_folder,
                                               options_.home.run(), instance_events()),
      refresh_(loop_.get_executor(), sessions_, instances_),
      waiting_room_(loop_.get_executor(), options_.home.run() / "penstockd.sock",
                    [this](const std::string& connection) { return refresh_.want(connection); }),
      folder_(options_.home.config(),
              {.hash_key = installation_key(options_.home.internal() / "config.key")}),
      watcher_(
          loop_.get_executor(), options_.home.config(), [this] { rescan(); },
          [](const std::string& text) { log_warning(text); }),
      signals_(loop_, SIGTERM, SIGINT, SIGHUP), changed_(loop_.get_executor()),
      reconnect_delay_(kFirstReconnect) {}

/// Each is called from the loop, long after the constructor.
Instances::Events Service::instance_events() {
    Instances::Events events;
    events.on_status_change = [this](const std::string& label) {
        refresh_.instance_changed(label);
    };
    events.on_announcement = [this](const std::string& label, const std::string& connection) {
        refresh_.announced(label, connection);
    };
    events.on_new_executable = [this](const std::string& label) {
        refresh_.instance_replaced(label);
    };
    events.on_output = [this](const std::string& label, const std::string& line) {
        log_debug("plugin \"" + label + "\" says: " + refresh_.secrets().redact(label, line));
    };
    return events;
}

int Service::run() {
    try {
        start();
        loop_.run();
    } catch (const std::exception& error) {
        log_error(std::string("a bug ends the service: ") + error.what());
        std::_Exit(1); // what is under way refers to us; plugins see our end
    }
    log_info("stopped");
    return 0;
}

void Service::start() {
    log_info("penstockd " PENSTOCK_VERSION " starts, process " + std::to_string(getpid()) +
             ", home \"" + options_.home.root.string() + "\", plugins in \"" +
             options_.plugin_folder.string() + "\"");
    refresh_.set_waiters({[this](const std::string& name) { waiting_room_.tell_loading(name); },
                          [this](const std::string& name) { waiting_room_.tell_settled(name); }});
    waiting_room_.open();
    wait_for_signal();
    watcher_.start();
    refresh_.note("service", "start", "controller", "", {{"version", PENSTOCK_VERSION}});
    rescan();
    asio::co_spawn(loop_, main(), [](const std::exception_ptr& failure) {
        if (failure) {
            std::rethrow_exception(failure); // out of loop_.run()
        }
    });
    asio::co_spawn(loop_, check_instances(), asio::detached);
}

void Service::rescan() {
    if (!is_stopping_) {
        refresh_.set_configuration(folder_.rescan());
        if (const auto delay_ms = folder_.rescan_after_ms()) {
            watcher_.look_after(milliseconds(*delay_ms));
        }
        instances_.check();
    }
}

void Service::wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& failure, int number) {
        if (!failure) {
            wait_for_signal();
            take_signal(number);
        }
    });
}

void Service::take_signal(int number) {
    if (number == SIGHUP) {
        log_info("looking at the configuration again, as SIGHUP asks");
        rescan();
        return;
    }
    if (is_stopping_) {
        log_warning("stopping at once, as a second signal asks");
        std::_Exit(1); // plugins see the end of their control socket
    }
    log_info("stopping, as signal " + std::to_string(number) + " asks");
    is_stopping_ = true;
    std::thread(end_in_time).detach();
    refresh_.stop();
    changed_.notify();
}

// ---------------------------------------------------------------- the database

asio::awaitable<void> Service::main() {
    while (!is_stopping_) {
        std::unique_ptr<catalog::Leader> leader = co_await find_database();
        if (leader) {
            const Clock::time_point began = Clock::now();
            co_await lead(std::move(leader));
            if (Clock::now() - began > kSettled) {
                reconnect_delay_ = kFirstReconnect;
            }
        }
        if (!is_stopping_) {
            co_await pause(with_jitter(reconnect_delay_));
            reconnect_delay_ = std::min(reconnect_delay_ * 2, kLastReconnect);
        }
    }
    co_await shut_down();
}

/// Null when it is not there, or another controller leads it: try again later.
asio::awaitable<std::unique_ptr<catalog::Leader>> Service::find_database() {
    std::unique_ptr<catalog::Leader> leader;
    std::string failure;
    const auto make_leader = [target = catalog::Target{options_.database},
                              socket = waiting_room_.socket().string()] {
        return std::make_unique<catalog::Leader>(target, socket);
    };
    try {
        leader = co_await sessions_.run_apart(make_leader);
        last_failure_.clear();
    } catch (const Exception& error) {
        failure = one_line(error.error());
    }
    if (!failure.empty() && failure != last_failure_) {
        log_warning("no database: " + failure);
        last_failure_ = failure;
    }
    co_return leader;
}

asio::awaitable<void> Service::lead(std::unique_ptr<catalog::Leader> leader) {
    // A copy of the descriptor: closing it must not close libpq's.
    const int copy = fcntl(leader->socket(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        log_warning("could not lead the database: " + std::generic_category().message(errno));
        co_return;
    }
    const auto socket = std::make_shared<asio::posix::stream_descriptor>(loop_, copy);
    leader_ = std::move(leader);
    log_info("leads the database, epoch " + std::to_string(leader_->epoch()));
    allow_server(*leader_);
    sessions_.open(catalog::Target{options_.database}, leader_->epoch());
    asio::co_spawn(loop_, listen(socket), asio::detached);
    co_await refresh_.lead();
    socket->close();     // ends listen()
    if (!is_stopping_) { // else the last words still need the sessions
        sessions_.close();
        leader_.reset();
    }
}

/// The server's processes scan the plugins' sockets: its user must be let in.
void Service::allow_server(const catalog::Leader& leader) {
    std::vector<uid_t> uids{geteuid()};
    const std::optional<std::int64_t> server = leader.server_uid();
    if (server && static_cast<uid_t>(*server) != geteuid()) {
        uids.push_back(static_cast<uid_t>(*server));
        const std::string folder = options_.home.run().string();
        if (chmod(folder.c_str(), 0711) != 0) {
            log_warning("could not open \"" + folder + "\" to the server's user");
        }
    }
    waiting_room_.allow(uids);
    instances_.allow(std::move(uids));
}

/// Notifications, and the end of the connection that holds the lock.
asio::awaitable<void> Service::listen(std::shared_ptr<asio::posix::stream_descriptor> socket) {
    // Not before refresh_.lead() has begun: a loss before that would be forgotten.
    co_await asio::post(loop_, asio::use_awaitable);
    while (socket->is_open()) {
        std::string failure;
        try {
            const catalog::Leader::Requests requests = leader_->take_requests();
            for (const std::string& connection : requests.refreshes) {
                refresh_.request(connection);
            }
            for (const std::string& connection : requests.loads) {
                refresh_.request_tables(connection);
            }
        } catch (const Exception& error) {
            failure = one_line(error.error());
        }
        if (!failure.empty()) {
            refresh_.lose(failure);
            co_return;
        }
        co_await socket->async_wait(asio::posix::stream_descriptor::wait_read, kNoThrow);
    }
}

// ---------------------------------------------------------------- time and end

asio::awaitable<void> Service::check_instances() {
    while (!is_stopping_) {
        co_await pause(kInstanceCheck);
        if (!is_stopping_) {
            instances_.check();
        }
    }
}

asio::awaitable<void> Service::pause(milliseconds time) {
    co_await changed_.wait([this] { return is_stopping_; }, Clock::now() + time);
}

/// Nothing is cancelled: everything ends, and with the last of it the loop.
asio::awaitable<void> Service::shut_down() {
    watcher_.stop();
    signals_.cancel();
    co_await instances_.stop_all();
    if (leader_) {
        co_await refresh_.say_goodbye();
        waiting_room_.close();
        sessions_.close();
        leader_.reset();
    }
}

} // namespace penstock::service
