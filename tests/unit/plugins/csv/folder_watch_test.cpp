#include "unit/plugins/csv/csv_fixture.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace penstock::csv {
namespace {

/// Counts announcements; a test waits for the next one, with a deadline.
class Announcements final : public ConnectionHost {
  public:
    void announce_schema_change() override {
        {
            const std::lock_guard lock(mutex_);
            ++count_;
        }
        changed_.notify_all();
    }
    /// False when none came in time.
    [[nodiscard]] bool wait_for_next() {
        std::unique_lock lock(mutex_);
        const bool came =
            changed_.wait_for(lock, std::chrono::seconds(10), [&] { return count_ > taken_; });
        taken_ = count_;
        return came;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
    int taken_ = 0;
};

class CsvWatch : public CsvTest {
  protected:
    std::unique_ptr<Connection> connect(const std::string& pattern) {
        return plugin_.connect(ConnectionConfig("watched", {{"paths", list({pattern})}}),
                               announcements_);
    }
    static std::string names_of(Connection& connection) {
        std::string names;
        for (const auto& table : connection.tables()) {
            names += table->schema().name + "(" + shape_of(table->schema()) + ")";
        }
        return names;
    }
    Announcements announcements_;
};

TEST_F(CsvWatch, announces_files_that_come_change_and_go) {
    const auto connection = connect(path("*.csv"));
    EXPECT_EQ(names_of(*connection), "");
    write("a.csv", "x\n1\n");
    ASSERT_TRUE(announcements_.wait_for_next());
    EXPECT_EQ(names_of(*connection), "a(x int8)");
    write("a.csv", "x,y\n1,z\n");
    ASSERT_TRUE(announcements_.wait_for_next());
    EXPECT_EQ(names_of(*connection), "a(x int8, y text)");
    std::filesystem::rename(path("a.csv"), path("b.csv"));
    ASSERT_TRUE(announcements_.wait_for_next());
    EXPECT_EQ(names_of(*connection), "b(x int8, y text)");
    std::filesystem::remove(path("b.csv"));
    ASSERT_TRUE(announcements_.wait_for_next());
    EXPECT_EQ(names_of(*connection), "");
}

TEST_F(CsvWatch, sees_folders_that_come_later) {
    const auto connection = connect(path("new/*/x.csv"));
    EXPECT_EQ(names_of(*connection), "");
    std::filesystem::create_directories(path("new/one"));
    write("new/one/x.csv", "a\n");
    ASSERT_TRUE(announcements_.wait_for_next());
    EXPECT_EQ(names_of(*connection), "x(a text)");
}

TEST_F(CsvWatch, notices_a_named_file_that_is_not_there_yet) {
    const auto connection = connect(path("late.csv"));
    EXPECT_EQ(error_of([&] { (void)connection->tables(); }).kind, ErrorKind::kNotFound);
    write("late.csv", "x\n");
    ASSERT_TRUE(announcements_.wait_for_next());
    EXPECT_EQ(names_of(*connection), "late(x text)");
}

TEST_F(CsvWatch, describes_a_file_again_only_when_it_changed) {
    write("a.csv", "x\n");
    const auto connection = connect(path("*.csv"));
    const auto before = connection->tables().at(0);
    EXPECT_EQ(connection->tables().at(0), before);
    write("a.csv", "xy\n");
    EXPECT_NE(connection->tables().at(0), before);
}

TEST_F(CsvWatch, says_what_it_leaves_out_for_as_long_as_it_does) {
    write("good.csv", "a\n");
    write("empty.csv", "");
    write("caf\xE9.csv", "a\n");
    const auto connection = connect(path("*.csv"));
    EXPECT_EQ(names_of(*connection), "good(a text)");
    std::vector<SchemaProblem> problems = connection->problems();
    ASSERT_EQ(problems.size(), 2U);
    EXPECT_NE(problems[0].reason.find("is not valid UTF-8"), std::string::npos);
    EXPECT_EQ(problems[1].what, path("empty.csv"));
    EXPECT_EQ(problems[1].reason.substr(0, 5), "file ");
    EXPECT_NE(problems[1].reason.find("is empty"), std::string::npos);
    EXPECT_EQ(names_of(*connection), "good(a text)");
    EXPECT_EQ(connection->problems(), problems);
    write("empty.csv", "b\n");
    EXPECT_EQ(names_of(*connection), "empty(b text)good(a text)");
    EXPECT_EQ(connection->problems().size(), 1U);
}

} // namespace
} // namespace penstock::csv
