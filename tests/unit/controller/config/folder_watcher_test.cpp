#include "config/folder_watcher.hpp"
#include "unit/controller/config/temp_folder.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <vector>

namespace penstock::config {
namespace {

using std::chrono::milliseconds;

/// Far longer than anything takes: a test that waits this long has failed.
constexpr std::chrono::seconds kDeadline(10);

class FolderWatcherTest : public testing::Test {
  protected:
    FolderWatcherTest() { folder_.write("config/a.spc", "old"); }

    /// Short waits, and no look without an event unless the test asks for one.
    void watch(WatchTimes times = {.quiet = milliseconds(20),
                                   .patience = milliseconds(500),
                                   .regardless = std::chrono::hours(1),
                                   .poll = milliseconds(30)}) {
        watcher_.emplace(
            context_.get_executor(), folder_ / "config", [this] { ++calls_; },
            [this](std::string text) { warnings_.push_back(std::move(text)); }, times);
        watcher_->start();
        ASSERT_TRUE(wait_for_call()) << "the first look";
    }

    bool wait_for_call() {
        const int before = calls_;
        const auto deadline = std::chrono::steady_clock::now() + kDeadline;
        while (calls_ == before && std::chrono::steady_clock::now() < deadline) {
            context_.restart();
            context_.run_one_until(deadline);
        }
        return calls_ > before;
    }

    /// Runs until nothing has been reported for a while.
    void settle() {
        context_.restart();
        context_.run_for(milliseconds(100));
    }

    TempFolder folder_;
    boost::asio::io_context context_{1};
    std::optional<FolderWatcher> watcher_;
    int calls_ = 0;
    std::vector<std::string> warnings_;
};

/// The ways in which editors and tools save a file.
struct Save {
    const char* name;
    void (*run)(const TempFolder& folder);
};

class SavePattern : public FolderWatcherTest, public testing::WithParamInterface<Save> {};

TEST_P(SavePattern, is_noticed) {
    watch();
    GetParam().run(folder_);
    EXPECT_TRUE(wait_for_call()) << GetParam().name;
    EXPECT_TRUE(warnings_.empty());
}

constexpr Save kSaves[] = {
    {"truncate_and_write", [](const TempFolder& folder) { folder.write("config/a.spc", "new"); }},
    {"append", [](const TempFolder& folder) { folder.append("config/a.spc", "more"); }},
    {"new_file", [](const TempFolder& folder) { folder.write("config/b.spc", "new"); }},
    {"delete", [](const TempFolder& folder) { folder.remove("config/a.spc"); }},
    {"rename_over",
     [](const TempFolder& folder) {
         folder.write("config/.a.spc.tmp", "new");
         folder.rename("config/.a.spc.tmp", "config/a.spc");
     }},
    {"move_in_from_elsewhere",
     [](const TempFolder& folder) {
         folder.write("a.new", "new");
         folder.rename("a.new", "config/a.spc");
     }},
    {"move_away", [](const TempFolder& folder) { folder.rename("config/a.spc", "a.old"); }},
    {"vim_backup",
     [](const TempFolder& folder) {
         folder.rename("config/a.spc", "config/a.spc~");
         folder.write("config/a.spc", "new");
         folder.remove("config/a.spc~");
     }},
    {"hard_link",
     [](const TempFolder& folder) {
         std::filesystem::create_hard_link(folder / "config/a.spc", folder / "config/b.spc");
     }},
    {"symbolic_link",
     [](const TempFolder& folder) {
         std::filesystem::create_symlink(folder / "config/a.spc", folder / "config/b.spc");
     }},
    {"kubernetes_swap",
     [](const TempFolder& folder) {
         std::filesystem::create_symlink("v2", folder / "config/..data_tmp");
         folder.rename("config/..data_tmp", "config/..data");
     }},
    {"mode_only",
     [](const TempFolder& folder) { ::chmod((folder / "config/a.spc").c_str(), 0600); }},
    {"slow_writer",
     [](const TempFolder& folder) {
         const int file = ::open((folder / "config/a.spc").c_str(), O_WRONLY | O_TRUNC);
         EXPECT_EQ(::write(file, "one", 3), 3);
         EXPECT_EQ(::write(file, "two", 3), 3);
         ::close(file);
     }},
};

INSTANTIATE_TEST_SUITE_P(Table, SavePattern, testing::ValuesIn(kSaves),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(FolderWatcherTest, is_silent_while_nothing_happens) {
    watch();
    settle();
    EXPECT_EQ(calls_, 1);
}

TEST_F(FolderWatcherTest, ignores_what_happens_beside_the_folder) {
    watch();
    folder_.write("other.spc", "x");
    folder_.write("other/b.spc", "x");
    settle();
    EXPECT_EQ(calls_, 1);
}

TEST_F(FolderWatcherTest, folds_many_events_into_one_call) {
    watch();
    for (int index = 0; index < 200; ++index) {
        folder_.write("config/" + std::to_string(index) + ".spc", "x");
    }
    EXPECT_TRUE(wait_for_call());
    settle();
    EXPECT_EQ(calls_, 2);
}

TEST_F(FolderWatcherTest, reports_within_its_patience_while_events_do_not_end) {
    watch({.quiet = std::chrono::hours(1),
           .patience = milliseconds(50),
           .regardless = std::chrono::hours(1),
           .poll = std::chrono::hours(1)});
    folder_.write("config/a.spc", "x");
    EXPECT_TRUE(wait_for_call());
}

TEST_F(FolderWatcherTest, survives_an_overflow_of_the_events) {
    watch();
    for (int round = 0; round < 20'000; ++round) { // the kernel keeps 16,384
        const int file = ::open((folder_ / "config/storm").c_str(), O_WRONLY | O_CREAT, 0600);
        ::close(file);
        ::unlink((folder_ / "config/storm").c_str());
    }
    EXPECT_TRUE(wait_for_call());
    settle();
    folder_.write("config/a.spc", "after the storm");
    EXPECT_TRUE(wait_for_call());
}

TEST_F(FolderWatcherTest, follows_a_link_to_a_file_elsewhere) {
    folder_.write("elsewhere/real", "x");
    std::filesystem::create_symlink(folder_ / "elsewhere/real", folder_ / "config/b.spc");
    watch();
    folder_.write("elsewhere/unrelated", "x");
    settle();
    EXPECT_EQ(calls_, 1);
    folder_.append("elsewhere/real", "more");
    EXPECT_TRUE(wait_for_call());
}

TEST_F(FolderWatcherTest, follows_a_link_that_was_made_later) {
    folder_.write("elsewhere/real", "x");
    watch();
    std::filesystem::create_symlink(folder_ / "elsewhere/real", folder_ / "config/b.spc");
    EXPECT_TRUE(wait_for_call());
    folder_.append("elsewhere/real", "more");
    EXPECT_TRUE(wait_for_call());
}

TEST_F(FolderWatcherTest, notices_a_folder_deleted_and_made_again) {
    watch();
    folder_.remove("config");
    EXPECT_TRUE(wait_for_call());
    settle();
    folder_.write("config/a.spc", "x");
    EXPECT_TRUE(wait_for_call());
    settle();
    folder_.append("config/a.spc", "y");
    EXPECT_TRUE(wait_for_call());
    EXPECT_TRUE(warnings_.empty());
}

TEST_F(FolderWatcherTest, notices_a_folder_swapped_for_another) {
    folder_.write("next/a.spc", "x");
    watch();
    folder_.rename("config", "previous");
    folder_.rename("next", "config");
    EXPECT_TRUE(wait_for_call());
    settle();
    const int before = calls_;
    folder_.append("previous/a.spc", "y");
    settle();
    EXPECT_EQ(calls_, before);
    folder_.append("config/a.spc", "y");
    EXPECT_TRUE(wait_for_call());
}

TEST_F(FolderWatcherTest, looks_from_time_to_time_regardless) {
    watch({.quiet = milliseconds(5), .patience = milliseconds(5), .regardless = milliseconds(10)});
    EXPECT_TRUE(wait_for_call());
    EXPECT_TRUE(wait_for_call());
}

TEST_F(FolderWatcherTest, looks_once_more_when_asked_to) {
    watch();
    watcher_->look_after(milliseconds(5));
    EXPECT_TRUE(wait_for_call());
    settle();
    EXPECT_EQ(calls_, 2);
}

TEST_F(FolderWatcherTest, polls_and_says_so_once_when_there_is_nothing_to_watch) {
    watcher_.emplace(
        context_.get_executor(), folder_ / "no/such/folder", [this] { ++calls_; },
        [this](std::string text) { warnings_.push_back(std::move(text)); },
        WatchTimes{.quiet = milliseconds(5), .poll = milliseconds(10)});
    watcher_->start();
    EXPECT_TRUE(wait_for_call());
    EXPECT_TRUE(wait_for_call());
    EXPECT_TRUE(wait_for_call());
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_EQ(warnings_[0],
              "cannot watch folder \"" + (folder_ / "no/such/folder").string() +
                  "\", looking every 10 ms instead: neither the folder nor its parent exists");
}

TEST_F(FolderWatcherTest, calls_nothing_after_stop_or_destruction) {
    watch();
    folder_.write("config/a.spc", "x");
    watcher_->stop();
    settle();
    EXPECT_EQ(calls_, 1);
    watcher_->start();
    EXPECT_TRUE(wait_for_call());
    folder_.write("config/a.spc", "y");
    const int before = calls_;
    watcher_.reset();
    settle();
    EXPECT_EQ(calls_, before);
}

TEST_F(FolderWatcherTest, may_be_stopped_from_its_own_callback) {
    watcher_.emplace(
        context_.get_executor(), folder_ / "config",
        [this] {
            ++calls_;
            watcher_.reset();
        },
        nullptr, WatchTimes{.quiet = milliseconds(5)});
    watcher_->start();
    EXPECT_TRUE(wait_for_call());
    folder_.write("config/a.spc", "x");
    settle();
    EXPECT_EQ(calls_, 1);
}

} // namespace
} // namespace penstock::config
