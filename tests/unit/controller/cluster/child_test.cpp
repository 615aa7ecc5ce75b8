#include "cluster/child.hpp"

#include "penstock/types/error.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace penstock::cluster {
namespace {

using namespace std::chrono_literals;

TEST(Child, gives_exit_code_and_both_outputs) {
    const Outcome outcome = run_program({"/bin/sh", "-c", "echo out; echo err >&2; exit 7"}, 10s);
    EXPECT_EQ(outcome.exit_code, 7);
    EXPECT_EQ(outcome.output, "out\nerr\n");
}

TEST(Child, tells_a_signal_from_an_exit) {
    EXPECT_EQ(run_program({"/bin/sh", "-c", "kill -9 $$"}, 10s).exit_code, 128 + 9);
}

TEST(Child, is_killed_when_its_time_is_over) {
    EXPECT_EQ(run_program({"/bin/sleep", "60"}, 50ms).exit_code, -1);
}

TEST(Child, that_leaves_a_process_behind_does_not_keep_us) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(run_program({"/bin/sh", "-c", "sleep 3 & echo done"}, 10s).output, "done\n");
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

TEST(Child, inherits_none_of_our_descriptors) {
    const int ours = ::dup2(0, 77);
    ASSERT_EQ(ours, 77);
    const Outcome outcome = run_program({"/bin/ls", "/proc/self/fd"}, 10s);
    ::close(ours);
    EXPECT_EQ(outcome.output, "0\n1\n2\n3\n"); // 3 is the folder that ls reads
}

TEST(Child, that_does_not_exist_is_an_error_with_its_name) {
    try {
        (void)run_program({"/no/such/program"}, 1s);
        FAIL() << "a missing program ran";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kNotFound);
        EXPECT_NE(exception.error().message.find("\"/no/such/program\""), std::string::npos);
    }
}

TEST(DetachedChild, leads_a_session_and_appends_to_its_log) {
    const std::filesystem::path log =
        std::filesystem::path(testing::TempDir()) / ("log_" + std::to_string(::getpid()));
    {
        std::ofstream(log) << "before\n";
    }
    const pid_t pid = spawn_detached({"/bin/sh", "-c", "cut -d' ' -f6 /proc/$$/stat"}, log);
    ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
    EXPECT_EQ(tail_of(log, 0, 10), "before\n" + std::to_string(pid));
    EXPECT_EQ(tail_of(log, 7, 10), std::to_string(pid));
    std::filesystem::remove(log);
}

TEST(Tail, keeps_the_last_lines_only) {
    const std::filesystem::path log =
        std::filesystem::path(testing::TempDir()) / ("tail_" + std::to_string(::getpid()));
    {
        std::ofstream(log) << "1\n2\n3\n";
    }
    EXPECT_EQ(tail_of(log, 0, 2), "2\n3");
    EXPECT_EQ(tail_of("/no/such/file", 0, 2), "");
    std::filesystem::remove(log);
}

} // namespace
} // namespace penstock::cluster
