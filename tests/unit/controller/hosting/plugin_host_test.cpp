#include "hosting/plugin_host.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace penstock::hosting {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kPatience{20};

/// A loop, a folder with plugins (scripts, or links to the real one) and a host to try on them.
class PluginHostTest : public ::testing::Test {
  protected:
    PluginHostTest() {
        std::string pattern = (fs::temp_directory_path() / "penstock-host-XXXXXX").string();
        folder_ = mkdtemp(pattern.data());
    }
    void TearDown() override {
        host_.reset();
        loop_.restart();
        loop_.run_for(kPatience); // until the processes are gone
        fs::remove_all(folder_);
    }

    void add_script(const std::string& name, const std::string& body) {
        const fs::path path = folder_ / name;
        std::ofstream(path) << "#!/bin/sh\n" << body << '\n';
        fs::permissions(path, fs::perms::owner_all);
    }

    void host_plugin(const fs::path& executable, std::int64_t start_timeout_ms = 20'000,
                     std::int64_t hang_timeout_ms = 0) {
        InstanceSpec spec;
        spec.label = "probe";
        spec.executable = executable.string();
        spec.socket_path = (folder_ / "probe.sock").string();
        spec.allowed_uids = {geteuid()};
        spec.start_timeout_ms = start_timeout_ms;
        spec.hang_timeout_ms = hang_timeout_ms;
        PluginHost::Events events;
        events.on_output = [this](const std::string& line) { output_ += line + "\n"; };
        host_.emplace(loop_.get_executor(), spec, events);
        host_->start();
    }

    void host_script(const std::string& body, std::int64_t start_timeout_ms = 20'000) {
        add_script("probe", body);
        host_plugin(folder_ / "probe", start_timeout_ms);
    }

    /// The example plugin of the same build.
    void host_example(std::int64_t hang_timeout_ms = 0) {
        const fs::path build = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
        const fs::path example = build / "lib" / "penstock" / "plugins" / "example";
        ASSERT_TRUE(fs::exists(example)) << "build the target \"example\" first";
        host_plugin(example, 20'000, hang_timeout_ms);
    }

    template <typename Predicate>
    [[nodiscard]] bool run_until(Predicate predicate) {
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        loop_.restart();
        while (!predicate() && std::chrono::steady_clock::now() < deadline) {
            loop_.run_one_until(deadline);
        }
        return predicate();
    }
    [[nodiscard]] bool reaches(HostState state) {
        return run_until([this, state] { return host_->status().state == state; });
    }

    template <typename Answer>
    Answer wait_for(asio::awaitable<Answer> work) {
        std::optional<Answer> answer;
        asio::co_spawn(
            loop_, [&]() -> asio::awaitable<void> { answer.emplace(co_await std::move(work)); },
            [](const std::exception_ptr& failure) {
                if (failure) {
                    std::rethrow_exception(failure);
                }
            });
        if (!run_until([&answer] { return answer.has_value(); })) {
            throw std::runtime_error("there was no answer in time");
        }
        return *std::move(answer);
    }
    void stop() {
        bool is_over = false;
        asio::co_spawn(loop_, host_->stop(),
                       [&is_over](const std::exception_ptr&) { is_over = true; });
        ASSERT_TRUE(run_until([&is_over] { return is_over; }));
    }

    fs::path folder_;
    asio::io_context loop_{1};
    std::optional<PluginHost> host_;
    std::string output_;
};

TEST_F(PluginHostTest, names_the_plugins_that_are_there_when_one_is_missing) {
    add_script("beta", "exit 0");
    add_script("alpha", "exit 0");
    host_plugin(folder_ / "gamma");
    ASSERT_TRUE(reaches(HostState::kFailed));
    EXPECT_THAT(host_->status().error,
                AllOf(HasSubstr("plugin \"gamma\" is not installed"), HasSubstr(folder_.string()),
                      HasSubstr("alpha, beta")));
}

TEST_F(PluginHostTest, gives_up_on_a_plugin_that_exits_again_and_again) {
    host_script("echo no such luck >&2; exit 3");
    ASSERT_TRUE(reaches(HostState::kFailed));
    EXPECT_EQ(host_->status().restarts, 4);
    EXPECT_EQ(host_->status().error,
              "the plugin process exited with code 3; its last output: no such luck");
    EXPECT_THAT(output_, HasSubstr("no such luck\n"));
}

TEST_F(PluginHostTest, answers_at_once_while_the_plugin_does_not_run) {
    host_script("exit 3");
    ASSERT_TRUE(reaches(HostState::kBackoff));
    const Status status = wait_for(host_->configure("c", {}));
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT(status.error().message, HasSubstr("exited with code 3"));
}

TEST_F(PluginHostTest, starts_a_failed_plugin_again_when_asked) {
    host_script("exit 3");
    ASSERT_TRUE(reaches(HostState::kFailed));
    add_script("probe", "exit 4");
    host_->restart();
    ASSERT_TRUE(run_until(
        [this] { return host_->status().error.find("exited with code 4") != std::string::npos; }));
}

TEST_F(PluginHostTest, kills_a_plugin_that_does_not_say_hello) {
    host_script("exec sleep 1000", 200);
    ASSERT_TRUE(run_until([this] { return host_->status().pid != 0; }));
    const pid_t pid = host_->status().pid;
    ASSERT_TRUE(reaches(HostState::kFailed));
    EXPECT_THAT(host_->status().error, HasSubstr("did not answer within 200 ms"));
    EXPECT_NE(kill(pid, 0), 0);
}

TEST_F(PluginHostTest, leaves_no_process_of_the_group_behind) {
    host_script("sleep 1000 & echo child $!; exec sleep 1000");
    ASSERT_TRUE(run_until([this] { return output_.find('\n') != std::string::npos; }));
    const pid_t child = std::stoi(output_.substr(std::string("child ").size()));
    ASSERT_EQ(kill(child, 0), 0);
    stop();
    EXPECT_EQ(host_->status().state, HostState::kStopped);
    // Its parent is gone, so somebody else collects it: wait for that, not for a time.
    EXPECT_TRUE(run_until([child] {
        std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
        std::string text;
        std::getline(stat, text);
        return text.empty() || text.find(") Z") != std::string::npos;
    }));
}

TEST_F(PluginHostTest, gives_the_plugin_no_descriptors_but_four) {
    host_script("ls /proc/self/fd | tr '\\n' ' '; echo; exit 3");
    ASSERT_TRUE(reaches(HostState::kBackoff));
    // The fourth and last of a listing is that of ls itself, reading the folder.
    EXPECT_THAT(output_, ::testing::StartsWith("0 1 2 3 4 \n"));
}

TEST_F(PluginHostTest, does_not_pass_secrets_in_the_environment) {
    setenv("PGPASSWORD", "swordfish", 1);
    host_script("env; exit 3");
    ASSERT_TRUE(reaches(HostState::kBackoff));
    unsetenv("PGPASSWORD");
    EXPECT_THAT(output_, AllOf(HasSubstr("PATH="), ::testing::Not(HasSubstr("swordfish"))));
}

TEST_F(PluginHostTest, asks_the_plugin_for_its_tables) {
    ASSERT_NO_FATAL_FAILURE(host_example());
    ASSERT_TRUE(wait_for(host_->configure("one", {})).ok());
    const auto tables = wait_for(host_->describe("one"));
    ASSERT_TRUE(tables.ok());
    EXPECT_EQ(tables->tables.front().name.substr(0, 8), "example_");
    EXPECT_FALSE(host_->is_dynamic());
    EXPECT_FALSE(host_->arguments().empty());
}

TEST_F(PluginHostTest, hands_on_what_the_plugin_says_of_a_bad_argument) {
    ASSERT_NO_FATAL_FAILURE(host_example());
    const Status status = wait_for(host_->configure("one", {{"nonsense", {true}}}));
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().kind, ErrorKind::kOption);
    EXPECT_EQ(status.error().argument, "nonsense");
}

TEST_F(PluginHostTest, configures_again_what_a_killed_plugin_had) {
    ASSERT_NO_FATAL_FAILURE(host_example());
    ASSERT_TRUE(wait_for(host_->configure("one", {})).ok());
    const pid_t killed = host_->status().pid;
    ASSERT_EQ(kill(killed, SIGKILL), 0);
    ASSERT_TRUE(reaches(HostState::kBackoff));
    EXPECT_THAT(host_->status().error, HasSubstr("ended by signal 9"));
    ASSERT_TRUE(reaches(HostState::kRunning));
    EXPECT_EQ(host_->status().restarts, 1);
    EXPECT_NE(host_->status().pid, killed);
    EXPECT_TRUE(wait_for(host_->describe("one")).ok());
}

TEST_F(PluginHostTest, gives_a_new_process_all_of_many_connections) {
    ASSERT_NO_FATAL_FAILURE(host_example());
    constexpr int kMany = 400; // more than are under way at once
    for (int number = 0; number < kMany; ++number) {
        ASSERT_TRUE(wait_for(host_->configure("c" + std::to_string(number), {})).ok());
    }
    ASSERT_EQ(kill(host_->status().pid, SIGKILL), 0);
    ASSERT_TRUE(reaches(HostState::kBackoff));
    ASSERT_TRUE(reaches(HostState::kRunning));
    for (int number = 0; number < kMany; ++number) {
        EXPECT_TRUE(wait_for(host_->describe("c" + std::to_string(number))).ok()) << number;
    }
}

TEST_F(PluginHostTest, configures_aggregators_again_as_such) {
    ASSERT_NO_FATAL_FAILURE(host_example());
    const Arguments none;
    ASSERT_TRUE(wait_for(host_->configure("one", none)).ok());
    ASSERT_TRUE(wait_for(host_->configure("all", none, AggregateSpec{{"one"}, "fail"})).ok());
    EXPECT_TRUE(host_->knows("one", none));
    EXPECT_FALSE(host_->knows("one", {{"rows", {std::int64_t{5}}}}));
    EXPECT_FALSE(host_->knows("all", none));
    ASSERT_EQ(kill(host_->status().pid, SIGKILL), 0);
    ASSERT_TRUE(reaches(HostState::kBackoff));
    ASSERT_TRUE(reaches(HostState::kRunning));
    const auto tables = wait_for(host_->describe("all"));
    ASSERT_TRUE(tables.ok());
    EXPECT_EQ(tables->tables.front().columns.back().name, "_ctx");
}

TEST_F(PluginHostTest, does_not_give_a_new_process_what_was_forgotten) {
    ASSERT_NO_FATAL_FAILURE(host_example());
    ASSERT_TRUE(wait_for(host_->configure("one", {})).ok());
    ASSERT_TRUE(wait_for(host_->forget("one")).ok());
    EXPECT_FALSE(wait_for(host_->describe("one")).ok());
    ASSERT_EQ(kill(host_->status().pid, SIGKILL), 0);
    ASSERT_TRUE(reaches(HostState::kBackoff));
    ASSERT_TRUE(reaches(HostState::kRunning));
    EXPECT_FALSE(wait_for(host_->describe("one")).ok());
}

TEST_F(PluginHostTest, fails_requests_of_a_plugin_that_dies) {
    ASSERT_NO_FATAL_FAILURE(host_example());
    ASSERT_TRUE(reaches(HostState::kRunning));
    ASSERT_EQ(kill(host_->status().pid, SIGSTOP), 0);
    const pid_t pid = host_->status().pid;
    std::optional<Status> answer;
    asio::co_spawn(
        loop_, [&]() -> asio::awaitable<void> { answer = co_await host_->configure("one", {}); },
        [](const std::exception_ptr&) {});
    loop_.poll();
    ASSERT_FALSE(answer.has_value());
    ASSERT_EQ(kill(pid, SIGKILL), 0);
    ASSERT_TRUE(run_until([&answer] { return answer.has_value(); }));
    ASSERT_FALSE(answer->ok());
    EXPECT_EQ(answer->error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT(answer->error().message, HasSubstr("ended by signal 9"));
    EXPECT_NE(host_->status().state, HostState::kRunning);
}

TEST_F(PluginHostTest, replaces_a_plugin_that_has_stopped_answering) {
    ASSERT_NO_FATAL_FAILURE(host_example(1500));
    ASSERT_TRUE(wait_for(host_->configure("one", {})).ok());
    const pid_t stopped = host_->status().pid;
    ASSERT_EQ(kill(stopped, SIGSTOP), 0);
    const auto tables = wait_for(host_->describe("one")); // its request ends with it
    ASSERT_FALSE(tables.ok());
    EXPECT_THAT(tables.error().message,
                HasSubstr("was killed because it did not answer for 1500 ms"));
    ASSERT_TRUE(reaches(HostState::kBackoff));
    EXPECT_THAT(host_->status().error, HasSubstr("did not answer for 1500 ms"));
    ASSERT_TRUE(reaches(HostState::kRunning));
    EXPECT_NE(host_->status().pid, stopped);
    EXPECT_TRUE(wait_for(host_->describe("one")).ok());
}

TEST_F(PluginHostTest, replaces_a_plugin_that_stops_answering_while_it_learns_its_connections) {
    // Its first process answers everything, the next ones say hello and nothing else.
    const fs::path path = folder_ / "mute";
    std::ofstream(path) << R"(#!/usr/bin/python3
import os, socket, struct, sys
control, marker = socket.socket(fileno=3), sys.argv[0] + ".known"
is_first = not os.path.exists(marker)
open(marker, "w").close()
def receive(count):
    data = control.recv(count, socket.MSG_WAITALL)
    return data if data else sys.exit(0)
while True:
    payload = receive(struct.unpack("=I4x", receive(8))[0])
    is_hello = payload[1] == 1
    if is_hello or is_first:
        control.send(struct.pack("=IB3x", 4, 33) + payload[:2] + (b"\x12\x00" if is_hello else b"\x1a\x00"))
)";
    fs::permissions(path, fs::perms::owner_all);
    host_plugin(path, 20'000, 3'000);
    ASSERT_TRUE(wait_for(host_->configure("one", {})).ok());
    ASSERT_EQ(kill(host_->status().pid, SIGKILL), 0);
    ASSERT_TRUE(run_until([this] {
        return host_->status().error.find("did not answer for 3000 ms") != std::string::npos;
    }));
}

TEST_F(PluginHostTest, ends_the_process_when_it_is_destroyed) {
    ASSERT_NO_FATAL_FAILURE(host_example());
    ASSERT_TRUE(reaches(HostState::kRunning));
    const pid_t pid = host_->status().pid;
    host_.reset();
    EXPECT_TRUE(run_until([pid] { return kill(pid, 0) != 0; }));
}

} // namespace
} // namespace penstock::hosting
