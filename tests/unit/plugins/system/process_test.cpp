#include "machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <fstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace penstock::system {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

TEST(Process, shows_this_process_as_it_knows_itself) {
    Machine machine;
    const auto rows = machine.scan(
        "system_process", {"pid", "ppid", "uid", "gid", "state", "cwd", "exe"}, {pid_is(getpid())});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(integer(rows[0][0]), getpid());
    EXPECT_EQ(integer(rows[0][1]), getppid());
    EXPECT_EQ(integer(rows[0][2]), geteuid());
    EXPECT_EQ(integer(rows[0][3]), getegid());
    EXPECT_EQ(text(rows[0][4]), "running");
    std::array<char, 4096> folder{};
    EXPECT_EQ(text(rows[0][5]), getcwd(folder.data(), folder.size()));
    EXPECT_THAT(text(rows[0][6]), ::testing::HasSubstr("unit_plugins_system"));
}

TEST(Process, measures_memory_time_and_start) {
    Machine machine;
    const auto rows = machine.scan("system_process",
                                   {"rss_bytes", "vsz_bytes", "cpu_time", "start_time", "threads"},
                                   {pid_is(getpid())});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_GT(integer(rows[0][0]), 1 << 20);
    EXPECT_GT(integer(rows[0][1]), integer(rows[0][0]));
    EXPECT_GE(std::get<Interval>(rows[0][2]).micros, 0);
    const auto now = Timestamptz::from_unix(::time(nullptr));
    const auto started = std::get<Timestamptz>(rows[0][3]);
    EXPECT_LE(started.micros, now.micros + 2'000'000);
    EXPECT_GE(started.micros, now.micros - 86'400'000'000);
    EXPECT_GE(integer(rows[0][4]), 1);
}

/// A child with a name of our choice, which lives until the object goes.
class NamedChild {
  public:
    explicit NamedChild(const char* name) {
        std::array<int, 2> ready{};
        EXPECT_EQ(::pipe(ready.data()), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_NAME, name);
            static_cast<void>(!::write(ready[1], "x", 1));
            for (;;) {
                ::pause();
            }
        }
        char byte = 0;
        EXPECT_EQ(::read(ready[0], &byte, 1), 1);
        ::close(ready[0]);
        ::close(ready[1]);
    }
    NamedChild(const NamedChild&) = delete;
    NamedChild& operator=(const NamedChild&) = delete;
    ~NamedChild() { end(); }
    void end() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            pid_ = -1;
        }
    }
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    pid_t pid_ = -1;
};

TEST(Process, shows_a_child_with_an_odd_name) {
    NamedChild child("a) R 1\n\xff(");
    Machine machine;
    const auto rows = machine.scan("system_process", {"name", "ppid"}, {pid_is(child.pid())});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(text(rows[0][0]), "a) R 1\n\\xff(");
    EXPECT_EQ(integer(rows[0][1]), getpid());
}

TEST(Process, has_no_row_for_a_process_that_has_gone) {
    NamedChild child("gone");
    const pid_t pid = child.pid();
    child.end();
    Machine machine;
    EXPECT_EQ(machine.count("system_process", {pid_is(pid)}), 0U);
    EXPECT_EQ(machine.count("system_process", {pid_is(-1)}), 0U);
    EXPECT_EQ(machine.count("system_process", {pid_is(0)}), 0U);
    EXPECT_EQ(machine.count("system_process_open_file", {pid_is(pid)}), 0U);
}

TEST(Process, gives_a_pid_once_however_often_it_is_asked_for) {
    Machine machine;
    const Value self = std::int64_t{getpid()};
    const auto rows = machine.scan("system_process", {"pid"},
                                   {is_in("pid", TypeId::kInt8, {self, self, std::int64_t{1}})});
    EXPECT_EQ(rows.size(), 2U);
    EXPECT_EQ(machine.count("system_process", {is_in("pid", TypeId::kInt8, {self}), pid_is(1)}),
              0U);
}

TEST(Process, lists_all_columns_of_all_processes) {
    Machine machine;
    const auto rows = machine.scan("system_process");
    std::vector<std::int64_t> pids;
    pids.reserve(rows.size());
    for (const auto& row : rows) {
        pids.push_back(integer(row[0]));
    }
    EXPECT_THAT(pids, Contains(getpid()));
    EXPECT_THAT(pids, Contains(1));
}

TEST(Process, splits_the_command_line) {
    Machine machine;
    const auto rows = machine.scan("system_process", {"cmdline", "arguments"}, {pid_is(getpid())});
    ASSERT_EQ(rows.size(), 1U);
    const auto& arguments = std::get<std::vector<std::string>>(rows[0][1]);
    ASSERT_FALSE(arguments.empty());
    std::string joined;
    for (const std::string& argument : arguments) {
        joined += joined.empty() ? argument : " " + argument;
    }
    EXPECT_EQ(text(rows[0][0]), joined);
}

class OpenFile : public ::testing::Test {
  protected:
    void SetUp() override {
        path_ = ::testing::TempDir() + "penstock_open_" + std::to_string(getpid());
        fd_ = ::open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        ASSERT_GE(fd_, 0);
    }
    void TearDown() override {
        ::close(fd_);
        ::unlink(path_.c_str());
    }
    /// path, kind and is_deleted of a descriptor of this process.
    testing::Row row_of(int fd) {
        for (const auto& row :
             machine_.scan("system_process_open_file", {"fd", "path", "kind", "is_deleted"},
                           {pid_is(getpid())})) {
            if (integer(row[0]) == fd) {
                return {row[1], row[2], row[3]};
            }
        }
        return {};
    }
    Machine machine_;
    std::string path_;
    int fd_ = -1;
};

TEST_F(OpenFile, shows_path_and_kind) {
    EXPECT_THAT(row_of(fd_), ElementsAre(Value(path_), Value("file"), Value(false)));
}

TEST_F(OpenFile, tells_deleted_files_from_names_that_look_so) {
    ASSERT_EQ(::unlink(path_.c_str()), 0);
    EXPECT_THAT(row_of(fd_), ElementsAre(Value(path_), Value("file"), Value(true)));

    const std::string odd = path_ + " (deleted)";
    const int fd = ::open(odd.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    EXPECT_THAT(row_of(fd), ElementsAre(Value(odd), Value("file"), Value(false)));
    ::close(fd);
    ::unlink(odd.c_str());
}

TEST_F(OpenFile, knows_pipes_and_directories) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    EXPECT_EQ(row_of(ends[0]).at(1), Value("pipe"));
    ::close(ends[0]);
    ::close(ends[1]);
    const int folder = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    EXPECT_THAT(row_of(folder), ElementsAre(Value("/"), Value("directory"), Value(false)));
    ::close(folder);
}

} // namespace
} // namespace penstock::system
