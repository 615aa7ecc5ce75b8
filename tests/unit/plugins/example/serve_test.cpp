#include "plugin_process.hpp"

#include "penstock/protocol/block.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace penstock::testing {
namespace {

/// A running plugin that has said hello.
class Serve : public ::testing::Test {
  protected:
    Serve() {
        wire::ControlRequest request;
        *request.mutable_hello() = make_hello("controller");
        hello_ = plugin_.ask(request);
    }
    static ScanRequest wide(const std::string& connection) {
        ScanRequest request;
        request.connection = connection;
        request.table = "example_wide";
        request.columns = {{"id", TypeId::kInt8}, {"name", TypeId::kText}};
        return request;
    }
    /// Reads blocks up to the end; the rows they hold.
    static std::uint64_t drain(const Stream& peer, std::uint64_t& blocks) {
        const std::vector<TypeId> types{TypeId::kInt8, TypeId::kText};
        std::uint64_t rows = 0;
        while (true) {
            const auto frame = peer.receive();
            if (!frame) {
                throw std::runtime_error("stream ended without an END frame");
            }
            if (frame->kind == FrameKind::kEnd) {
                EXPECT_EQ(frame->as<wire::End>().row_count(), rows);
                return rows;
            }
            std::array<ColumnView, 2> columns{};
            rows += open_block(frame->payload, types, columns).take();
            ++blocks;
        }
    }
    static wire::ErrorMessage error_of(const Stream& peer) {
        return peer.receive<wire::ErrorMessage>(FrameKind::kError);
    }
    static void welcome(const Stream& peer) {
        EXPECT_EQ(peer.receive<wire::Welcome>(FrameKind::kWelcome).plugin(), "example");
    }
    /// A peer whose request the plugin has read: what is asked of it later comes later.
    Stream scan_in_turn(const ScanRequest& request) {
        Stream peer = plugin_.scan(request);
        wire::ControlRequest ping;
        ping.mutable_ping();
        EXPECT_TRUE(plugin_.ask(ping).has_ok());
        return peer;
    }

    PluginProcess plugin_;
    wire::ControlReply hello_;
};

ErrorKind kind_of(const wire::ErrorMessage& error) {
    return error_kind_from_wire(error.kind());
}

TEST_F(Serve, introduces_itself_to_the_controller) {
    ASSERT_TRUE(hello_.has_hello());
    EXPECT_EQ(hello_.hello().name(), "example");
    ASSERT_EQ(hello_.hello().arguments_size(), 1);
    EXPECT_EQ(hello_.hello().arguments(0).name(), "rows");
}

TEST_F(Serve, refuses_a_controller_of_another_protocol) {
    wire::ControlRequest request;
    *request.mutable_hello() = make_hello("controller");
    request.mutable_hello()->set_min_version(99);
    request.mutable_hello()->set_version(99);
    EXPECT_EQ(kind_of(plugin_.ask(request).error()), ErrorKind::kProtocol);
}

TEST_F(Serve, answers_a_ping) {
    wire::ControlRequest request;
    request.mutable_ping();
    EXPECT_TRUE(plugin_.ask(request).has_ok());
}

TEST_F(Serve, answers_a_ping_while_all_its_scans_wait_for_their_readers) {
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{1'000'000'000}}).has_ok());
    std::vector<Stream> peers;
    for (int peer = 0; peer < 256; ++peer) { // PluginServer::kMaxScans
        peers.push_back(plugin_.scan(wide("one")));
        welcome(peers.back());
    }
    wire::ControlRequest request;
    request.mutable_ping();
    EXPECT_TRUE(plugin_.ask(request).has_ok());
}

TEST_F(Serve, answers_a_ping_while_peers_come_without_a_pause) {
    std::atomic<bool> is_answered = false;
    std::vector<std::thread> crowd;
    for (int member = 0; member < 4; ++member) {
        crowd.emplace_back([&] {
            while (!is_answered) {
                (void)plugin_.connect(); // and goes again
            }
        });
    }
    wire::ControlRequest request;
    request.mutable_ping();
    const auto ask = [&] { return plugin_.ask(request).has_ok(); };
    bool is_ok = false;
    EXPECT_NO_THROW(is_ok = ask() && ask() && ask());
    is_answered = true;
    std::for_each(crowd.begin(), crowd.end(), [](std::thread& member) { member.join(); });
    EXPECT_TRUE(is_ok);
}

TEST_F(Serve, names_the_argument_that_is_to_blame) {
    const wire::ControlReply reply = plugin_.configure("bad", {std::string("many")});
    ASSERT_TRUE(reply.has_error());
    EXPECT_EQ(kind_of(reply.error()), ErrorKind::kOption);
    EXPECT_EQ(reply.error().argument(), "rows");
}

TEST_F(Serve, gives_the_error_of_a_bad_connection_to_its_scans) {
    ASSERT_TRUE(plugin_.configure("bad", {std::int64_t{-1}}).has_error());
    const Stream peer = plugin_.scan(wide("bad"));
    welcome(peer);
    EXPECT_EQ(error_of(peer).message(), "argument \"rows\" must not be negative");
}

TEST_F(Serve, describes_the_tables_of_a_connection) {
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{10}}).has_ok());
    wire::ControlRequest request;
    request.mutable_describe()->set_connection("one");
    const auto tables = read_message(plugin_.ask(request).schema()).take();
    ASSERT_EQ(tables.size(), 5U);
    EXPECT_EQ(tables[0].name, "example_hello");
    EXPECT_EQ(tables[1].row_estimate, 10);
}

TEST_F(Serve, does_not_describe_a_connection_that_was_forgotten) {
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{10}}).has_ok());
    wire::ControlRequest request;
    request.mutable_forget()->set_connection("one");
    ASSERT_TRUE(plugin_.ask(request).has_ok());
    request.mutable_describe()->set_connection("one");
    EXPECT_EQ(kind_of(plugin_.ask(request).error()), ErrorKind::kUnavailable);
}

TEST_F(Serve, sends_all_rows_and_then_their_number) {
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{100'000}}).has_ok());
    const Stream peer = plugin_.scan(wide("one"));
    welcome(peer);
    std::uint64_t blocks = 0;
    EXPECT_EQ(drain(peer, blocks), 100'000U);
    EXPECT_GT(blocks, 10U);
    EXPECT_FALSE(peer.receive().has_value());
}

TEST_F(Serve, counts_rows_in_one_block_when_no_column_is_wanted) {
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{5'000'000}}).has_ok());
    ScanRequest request = wide("one");
    request.columns.clear();
    const Stream peer = plugin_.scan(request);
    welcome(peer);
    const auto block = peer.receive();
    ASSERT_TRUE(block.has_value());
    EXPECT_EQ(open_block(block->payload, {}, {}).take(), 5'000'000U);
    EXPECT_EQ(peer.receive<wire::End>(FrameKind::kEnd).row_count(), 5'000'000U);
}

TEST_F(Serve, takes_a_request_that_arrives_byte_by_byte) {
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{3}}).has_ok());
    wire::Scan scan;
    write_message(wide("one"), scan);
    std::string frames;
    append_message_frame(FrameKind::kHello, make_hello("backend"), frames);
    append_message_frame(FrameKind::kScan, scan, frames);
    const Stream peer = plugin_.connect();
    for (const char byte : frames) {
        peer.send_bytes({&byte, 1});
    }
    welcome(peer);
    std::uint64_t blocks = 0;
    EXPECT_EQ(drain(peer, blocks), 3U);
}

TEST_F(Serve, imports_only_the_tables_that_were_asked_for) {
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{3}}).has_ok());
    const Stream peer = plugin_.connect();
    wire::Import import;
    import.set_connection("one");
    import.add_tables("example_echo");
    peer.send(FrameKind::kHello, make_hello("backend"));
    peer.send(FrameKind::kImport, import);
    welcome(peer);
    const auto schema = peer.receive<wire::Schema>(FrameKind::kSchema);
    ASSERT_EQ(schema.tables_size(), 1);
    EXPECT_EQ(schema.tables(0).name(), "example_echo");
    EXPECT_EQ(peer.receive<wire::End>(FrameKind::kEnd).row_count(), 1U);
}

TEST_F(Serve, says_which_table_is_missing) {
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{3}}).has_ok());
    ScanRequest request = wide("one");
    request.table = "no_such_table";
    const Stream peer = plugin_.scan(request);
    welcome(peer);
    const wire::ErrorMessage error = error_of(peer);
    EXPECT_EQ(kind_of(error), ErrorKind::kNotFound);
    EXPECT_NE(error.message().find("no_such_table"), std::string::npos);
}

TEST_F(Serve, waits_for_a_connection_that_it_is_about_to_learn) {
    const Stream peer = plugin_.scan(wide("late"));
    welcome(peer);
    ASSERT_TRUE(plugin_.configure("late", {std::int64_t{10}}).has_ok());
    std::uint64_t blocks = 0;
    EXPECT_EQ(drain(peer, blocks), 10U);
}

TEST_F(Serve, calls_an_unknown_connection_retryable) {
    const Stream peer = plugin_.scan(wide("nobody"));
    welcome(peer);
    const wire::ErrorMessage error = error_of(peer);
    EXPECT_EQ(kind_of(error), ErrorKind::kUnavailable);
    EXPECT_TRUE(error.retryable());
}

TEST_F(Serve, says_that_a_column_has_changed_its_type) {
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{3}}).has_ok());
    ScanRequest request = wide("one");
    request.columns[0].type = TypeId::kText;
    const Stream peer = plugin_.scan(request);
    welcome(peer);
    EXPECT_EQ(kind_of(error_of(peer)), ErrorKind::kType);
}

/// A scan that is cancelled while its reader does not read must end: its socket is closed, which
/// the reader sees as the end of the stream after what was under way.
TEST_F(Serve, ends_a_blocked_scan_on_a_cancel_frame) {
    ASSERT_TRUE(plugin_.configure("big", {std::int64_t{1'000'000'000}}).has_ok());
    const Stream peer = plugin_.scan(wide("big"));
    welcome(peer);
    std::string cancel;
    append_message_frame(FrameKind::kCancel, wire::Ping(), cancel);
    peer.send_bytes(cancel);
    // A billion rows would take a minute; the end has to come after what fits into the socket.
    std::size_t bytes = 0;
    std::array<std::byte, 65536> buffer{};
    while (true) {
        wait_readable(peer.fd());
        const ssize_t count = recv(peer.fd(), buffer.data(), buffer.size(), 0);
        if (count <= 0) {
            break;
        }
        bytes += static_cast<std::size_t>(count);
    }
    EXPECT_LT(bytes, 64U << 20);
}

TEST_F(Serve, exits_after_a_shutdown_once_the_reader_of_its_last_scan_has_gone) {
    ASSERT_TRUE(plugin_.configure("big", {std::int64_t{1'000'000'000}}).has_ok());
    Stream peer = plugin_.scan(wide("big"));
    welcome(peer);
    wire::ControlRequest request;
    request.mutable_shutdown();
    ASSERT_TRUE(plugin_.ask(request).has_ok());
    const Stream late = plugin_.scan(wide("big"));
    EXPECT_EQ(kind_of(error_of(late)), ErrorKind::kUnavailable);
    peer.hang_up();
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(plugin_.wait(), 0);
    // Without noticing the hang-up it would stay for the five seconds of a shutdown.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

TEST_F(Serve, exits_when_the_controller_goes_even_in_the_middle_of_a_scan) {
    ASSERT_TRUE(plugin_.configure("big", {std::int64_t{1'000'000'000}}).has_ok());
    const Stream peer = plugin_.scan(wide("big"));
    welcome(peer);
    plugin_.control().hang_up();
    EXPECT_EQ(plugin_.wait(), 0);
    EXPECT_FALSE(std::filesystem::exists(plugin_.socket_path()));
}

TEST_F(Serve, exits_when_the_control_stream_is_garbage) {
    plugin_.control().send_bytes(std::string(64, '\xFF'));
    EXPECT_EQ(plugin_.wait(), 0);
}

TEST_F(Serve, refuses_a_hello_with_the_wrong_magic) {
    const Stream peer = plugin_.connect();
    wire::Hello hello = make_hello("backend");
    hello.set_magic(1);
    peer.send(FrameKind::kHello, hello);
    EXPECT_EQ(kind_of(error_of(peer)), ErrorKind::kProtocol);
    EXPECT_FALSE(peer.receive().has_value());
}

TEST_F(Serve, refuses_a_request_without_a_hello) {
    const Stream peer = plugin_.connect();
    peer.send(FrameKind::kScan, wire::Scan());
    EXPECT_EQ(kind_of(error_of(peer)), ErrorKind::kProtocol);
}

TEST_F(Serve, refuses_an_oversize_frame_before_it_arrives) {
    const Stream peer = plugin_.connect();
    const FrameHeader header = make_header(FrameKind::kHello, kMaxFrameBytes + 1);
    peer.send_bytes({reinterpret_cast<const char*>(&header), sizeof(header)});
    EXPECT_EQ(kind_of(error_of(peer)), ErrorKind::kProtocol);
}

TEST_F(Serve, refuses_garbage_and_serves_the_next_peer) {
    const Stream garbage = plugin_.connect();
    garbage.send_bytes("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(kind_of(error_of(garbage)), ErrorKind::kProtocol);
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{3}}).has_ok());
    const Stream peer = plugin_.scan(wide("one"));
    welcome(peer);
    std::uint64_t blocks = 0;
    EXPECT_EQ(drain(peer, blocks), 3U);
}

/// As many scans as may run (PluginServer::kMaxScans), none of which ends by itself.
std::vector<Stream> all_scans(const PluginProcess& plugin, const ScanRequest& request) {
    std::vector<Stream> peers;
    for (int count = 0; count < 256; ++count) {
        peers.push_back(plugin.scan(request));
        EXPECT_EQ(peers.back().receive<wire::Welcome>(FrameKind::kWelcome).plugin(), "example");
    }
    return peers;
}

TEST_F(Serve, lets_a_scan_too_many_wait_for_its_turn) {
    ASSERT_TRUE(plugin_.configure("big", {std::int64_t{1'000'000'000}}).has_ok());
    std::vector<Stream> peers = all_scans(plugin_, wide("big"));
    Stream gone = scan_in_turn(wide("big"));
    const Stream first = scan_in_turn(wide("big"));
    const Stream second = scan_in_turn(wide("big"));
    gone.hang_up();
    peers[7].hang_up();
    welcome(first);
    pollfd waits{second.fd(), POLLIN, 0};
    EXPECT_EQ(poll(&waits, 1, 0), 0);
    peers[8].hang_up();
    welcome(second);
}

TEST_F(Serve, refuses_a_scan_that_gets_no_turn) {
    ASSERT_TRUE(plugin_.configure("big", {std::int64_t{1'000'000'000}}).has_ok());
    const std::vector<Stream> peers = all_scans(plugin_, wide("big"));
    const Stream late = plugin_.scan(wide("big"));
    pollfd wait{late.fd(), POLLIN, 0};
    ASSERT_EQ(poll(&wait, 1, 3 * kPatienceMs), 1);
    EXPECT_EQ(kind_of(error_of(late)), ErrorKind::kLimit);
}

TEST_F(Serve, refuses_those_that_wait_for_their_turn_when_it_ends) {
    ASSERT_TRUE(plugin_.configure("big", {std::int64_t{1'000'000'000}}).has_ok());
    const std::vector<Stream> peers = all_scans(plugin_, wide("big"));
    const Stream late = plugin_.scan(wide("big"));
    wire::ControlRequest request;
    request.mutable_shutdown();
    ASSERT_TRUE(plugin_.ask(request).has_ok());
    EXPECT_EQ(kind_of(error_of(late)), ErrorKind::kUnavailable);
}

TEST_F(Serve, keeps_a_scan_in_the_queue_while_others_end) {
    ASSERT_TRUE(plugin_.configure("big", {std::int64_t{1'000'000'000}}).has_ok());
    std::vector<Stream> peers = all_scans(plugin_, wide("big"));
    const Stream first = plugin_.scan(wide("big"));
    const Stream second = plugin_.scan(wide("big"));
    pollfd wait{second.fd(), POLLIN, 0};
    EXPECT_EQ(poll(&wait, 1, 7'000), 0); // most of its ten seconds
    peers[0].hang_up();
    welcome(first);
    EXPECT_EQ(poll(&wait, 1, 7'000), 0); // past them
    peers[1].hang_up();
    welcome(second);
}

TEST_F(Serve, begins_no_scan_after_a_shutdown) {
    ASSERT_TRUE(plugin_.configure("big", {std::int64_t{1'000'000'000}}).has_ok());
    const Stream running = plugin_.scan(wide("big")); // it keeps the process
    welcome(running);
    const Stream peer = plugin_.connect();
    peer.send(FrameKind::kHello, make_hello("backend"));
    wire::ControlRequest request;
    request.mutable_ping(); // what was sent before it has been read
    ASSERT_TRUE(plugin_.ask(request).has_ok());
    request.mutable_shutdown();
    ASSERT_TRUE(plugin_.ask(request).has_ok());
    wire::Scan message;
    write_message(wide("big"), message);
    peer.send(FrameKind::kScan, message);
    EXPECT_EQ(kind_of(error_of(peer)), ErrorKind::kUnavailable);
}

TEST_F(Serve, serves_a_crowd_above_every_limit_in_turn) {
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{3}}).has_ok());
    std::atomic<int> served = 0;
    std::vector<std::thread> crowd;
    for (int member = 0; member < 8; ++member) {
        crowd.emplace_back([&] {
            std::vector<Stream> peers;
            for (int count = 0; count < 100; ++count) {
                peers.push_back(plugin_.scan(wide("one")));
            }
            for (const Stream& peer : peers) {
                std::uint64_t blocks = 0;
                welcome(peer);
                served += drain(peer, blocks) == 3 ? 1 : 0;
            }
        });
    }
    std::for_each(crowd.begin(), crowd.end(), [](std::thread& member) { member.join(); });
    EXPECT_EQ(served, 800);
}

TEST_F(Serve, keeps_a_replaced_connection_for_the_scan_that_runs_on_it) {
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{500'000}}).has_ok());
    const Stream old_peer = plugin_.scan(wide("one"));
    welcome(old_peer);
    wait_readable(old_peer.fd()); // a block: it looks for its connection after the welcome
    ASSERT_TRUE(plugin_.configure("one", {std::int64_t{7}}).has_ok());
    const Stream new_peer = plugin_.scan(wide("one"));
    welcome(new_peer);
    std::uint64_t blocks = 0;
    EXPECT_EQ(drain(new_peer, blocks), 7U);
    EXPECT_EQ(drain(old_peer, blocks), 500'000U);
}

/// The usual limit of descriptors, for what is started while it lives.
class UsualLimit {
  public:
    UsualLimit() {
        EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
        const rlimit usual{std::min<rlim_t>(1024, before_.rlim_cur), before_.rlim_max};
        EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &usual), 0);
    }
    UsualLimit(const UsualLimit&) = delete;
    UsualLimit& operator=(const UsualLimit&) = delete;
    ~UsualLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

TEST(ServeLimits, as_many_may_wait_as_run_with_the_usual_limit_of_descriptors) {
    std::optional<UsualLimit> limit(std::in_place);
    PluginProcess plugin;
    ASSERT_TRUE(plugin.configure("big", {std::int64_t{1'000'000'000}}).has_ok());
    limit.reset();
    ScanRequest request;
    request.connection = "big";
    request.table = "example_wide";
    request.columns = {{"id", TypeId::kInt8}};
    std::vector<Stream> running = all_scans(plugin, request);
    std::vector<Stream> waiting;
    for (int count = 0; count < 256; ++count) {
        waiting.push_back(plugin.scan(request));
        ASSERT_TRUE(plugin.configure("other", {std::int64_t{1}}).has_ok()); // it has seen that one
    }
    running.clear();
    for (const Stream& peer : waiting) {
        ASSERT_EQ(peer.receive<wire::Welcome>(FrameKind::kWelcome).plugin(), "example");
    }
}

TEST(ServeAccess, refuses_a_user_who_is_not_on_the_list) {
    PluginProcess plugin({"--allow-uid", std::to_string(getuid() + 1)});
    wire::ControlRequest request;
    request.mutable_ping();
    ASSERT_TRUE(plugin.ask(request).has_ok());
    EXPECT_EQ(kind_of(plugin.scan(ScanRequest()).receive<wire::ErrorMessage>(FrameKind::kError)),
              ErrorKind::kPermission);
    EXPECT_EQ(std::filesystem::status(plugin.socket_path()).permissions(),
              static_cast<std::filesystem::perms>(0666));
}

TEST(ServeAccess, keeps_the_socket_to_itself_without_a_list) {
    PluginProcess plugin;
    wire::ControlRequest request;
    request.mutable_ping();
    ASSERT_TRUE(plugin.ask(request).has_ok());
    EXPECT_EQ(std::filesystem::status(plugin.socket_path()).permissions(),
              static_cast<std::filesystem::perms>(0600));
}

} // namespace
} // namespace penstock::testing
