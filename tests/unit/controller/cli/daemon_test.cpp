#include "cli/daemon.hpp"

#include "cluster/child.hpp"
#include "penstock/types/error.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>

namespace penstock::cli {
namespace {

class DaemonTest : public testing::Test {
  protected:
    void SetUp() override {
        home_.root =
            std::filesystem::path(testing::TempDir()) / ("daemon_" + std::to_string(::getpid()));
        home_.create_folders();
    }
    void TearDown() override { std::filesystem::remove_all(home_.root); }

    [[nodiscard]] std::filesystem::path lock_file() const { return home_.run() / "penstockd.lock"; }
    /// A stand-in for penstockd: holds its lock, as flock(1) does, while a command runs.
    [[nodiscard]] std::vector<std::string> holder(const std::string& command) const {
        return {"/usr/bin/flock",     "--exclusive", "--nonblock", "--no-fork",
                lock_file().string(), "/bin/sh",     "-c",         command};
    }

    cluster::Home home_;
};

TEST_F(DaemonTest, does_not_run_without_a_lock) {
    EXPECT_FALSE(Daemon(home_).running().has_value());
    EXPECT_FALSE(Daemon(home_).stop());
}

TEST_F(DaemonTest, is_never_believed_from_a_number_in_a_file) {
    std::ofstream(lock_file()) << ::getpid() << "\n";
    EXPECT_FALSE(Daemon(home_).running().has_value());
    EXPECT_FALSE(Daemon(home_).stop()) << "we would have been killed";
}

TEST_F(DaemonTest, is_the_process_that_holds_the_lock) {
    const int file = ::open(lock_file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(::flock(file, LOCK_EX | LOCK_NB), 0);
    EXPECT_EQ(Daemon(home_).running(), ::getpid());
    ::close(file);
    EXPECT_FALSE(Daemon(home_).running().has_value());
}

TEST_F(DaemonTest, starts_and_stops) {
    Daemon daemon(home_);
    daemon.start(holder("exec sleep 60"));
    const std::optional<pid_t> pid = daemon.running();
    ASSERT_TRUE(pid.has_value());
    EXPECT_TRUE(daemon.stop());
    EXPECT_FALSE(daemon.running().has_value());
    int status = 0;
    ASSERT_EQ(::waitpid(*pid, &status, 0), *pid);
    EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

TEST_F(DaemonTest, whose_lock_went_to_another_process_is_named_and_not_killed) {
    // The program flock takes the lock and ends; its descriptor lives on in a shell that waits
    // until somebody opens the fifo to write, which is us, at the end.
    const std::filesystem::path end = home_.root / "end";
    (void)cluster::run_program({"/bin/sh", "-c",
                                "exec 9>'" + lock_file().string() +
                                    "'; flock --nonblock 9; mkfifo '" + end.string() +
                                    "'; (read line <'" + end.string() + "') >/dev/null 2>&1 &"},
                               std::chrono::seconds(10));
    ASSERT_TRUE(Daemon(home_).running().has_value());
    try {
        (void)Daemon(home_).stop();
        FAIL() << "a dead process was stopped";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kUnavailable);
        EXPECT_NE(exception.error().message.find(lock_file().string()), std::string::npos);
    }
    std::ofstream(end) << "\n";
}

TEST_F(DaemonTest, that_ends_at_once_shows_the_end_of_its_log) {
    {
        std::ofstream(home_.logs() / "penstockd.log") << "of an earlier day\n";
    }
    Daemon daemon(home_);
    try {
        daemon.start({"/bin/sh", "-c", "echo the reason >&2; exit 1"});
        FAIL() << "a dead daemon passed for a running one";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().detail, "the reason");
        EXPECT_NE(exception.error().hint.find("penstockd.log"), std::string::npos);
    }
}

TEST_F(DaemonTest, lock_is_not_inherited_by_what_is_started) {
    const pid_t first = [this] {
        const ServiceLock lock(home_);
        Daemon daemon(home_);
        daemon.start(holder("exec sleep 60"));
        return daemon.running().value_or(0);
    }();
    EXPECT_FALSE(lock_holder(home_.internal() / "service.lock").has_value());
    EXPECT_TRUE(Daemon(home_).stop());
    ::waitpid(first, nullptr, 0);
}

} // namespace
} // namespace penstock::cli
