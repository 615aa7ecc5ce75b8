#include "plugin/block_cache.hpp"
#include "plugin/block_reader.hpp"
#include "plugin/run_scan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

namespace penstock {
namespace {

using ::testing::ElementsAre;

using Row = std::vector<Value>;

constexpr CacheLimits kLimits{std::chrono::seconds(60), std::size_t{1} << 20};

/// Two rows of two columns; counts how often it is asked.
class CountedTable final : public Table {
  public:
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    void scan(const ScanRequest& request, RowSink& rows) override {
        ++scans;
        if (during_scan) {
            during_scan();
        }
        for (std::int64_t row = 1; row <= row_count; ++row) {
            if (request.columns.empty()) {
                rows.add_count(1);
            } else {
                rows.add_row(Row{row, "text " + std::to_string(row)});
            }
        }
        if (!warning.empty()) {
            rows.add_warning(warning);
        }
        if (fails) {
            throw Exception(ErrorKind::kRemote, "source is down");
        }
    }
    std::atomic<int> scans = 0;
    std::int64_t row_count = 2;
    std::function<void()> during_scan;
    std::string warning;
    bool fails = false;

  private:
    const TableSchema schema_{.name = "counted",
                              .columns = {{"n", TypeId::kInt8}, {"t", TypeId::kText}}};
};

class BlockCacheTest : public ::testing::Test {
  protected:
    std::vector<Row> scan(std::vector<RequestedColumn> columns, std::vector<Qual> quals = {}) {
        ScanRequest request;
        request.connection = "c";
        request.table = "counted";
        request.columns = std::move(columns);
        request.quals = std::move(quals);
        return run(std::move(request));
    }
    std::vector<Row> run(ScanRequest request) {
        std::vector<Row> rows;
        BlockReader reader(request.columns, [&](Row row) { rows.push_back(std::move(row)); });
        const CacheUse use{&cache_, cache_.epoch(request.connection)};
        last_ = run_scan(table_, std::move(request), reader, use);
        rows.resize(reader.row_count()); // also those without columns
        return rows;
    }

    const RequestedColumn number_{"n", TypeId::kInt8};
    const RequestedColumn text_{"t", TypeId::kText};
    BlockCache cache_{kLimits};
    CountedTable table_;
    ScanSummary last_;
};

TEST_F(BlockCacheTest, a_second_scan_gives_the_same_rows_without_the_table) {
    const auto rows = scan({number_, text_});
    EXPECT_FALSE(last_.cache_age);
    EXPECT_EQ(scan({number_, text_}), rows);
    EXPECT_TRUE(last_.cache_age);
    EXPECT_EQ(table_.scans, 1);
}

TEST_F(BlockCacheTest, fewer_columns_in_another_order_come_from_more) {
    scan({number_, text_});
    EXPECT_THAT(scan({text_, number_}),
                ElementsAre(Row{"text 1", std::int64_t{1}}, Row{"text 2", std::int64_t{2}}));
    EXPECT_THAT(scan({text_}), ElementsAre(Row{"text 1"}, Row{"text 2"}));
    EXPECT_EQ(scan({}).size(), 2U);
    EXPECT_EQ(table_.scans, 1);
}

TEST_F(BlockCacheTest, more_columns_than_were_kept_ask_the_table) {
    scan({number_});
    scan({number_, text_});
    EXPECT_EQ(table_.scans, 2);
}

TEST_F(BlockCacheTest, conditions_of_the_sdk_are_decided_over_kept_rows) {
    scan({number_, text_});
    const Qual second{"n", QualOp::kEq, TypeId::kInt8, {std::int64_t{2}}, true};
    EXPECT_THAT(scan({text_}, {second}), ElementsAre(Row{"text 2"}));
    EXPECT_EQ(table_.scans, 1);
}

TEST_F(BlockCacheTest, what_was_cut_by_a_limit_is_not_kept) {
    table_.row_count = 100'000;
    ScanRequest request;
    request.connection = "c";
    request.columns = {number_};
    request.row_limit = 1;
    EXPECT_EQ(run(request).size(), 1U);
    EXPECT_EQ(scan({number_}).size(), 100'000U);
    EXPECT_EQ(table_.scans, 2);
}

TEST_F(BlockCacheTest, errors_and_scans_with_warnings_are_not_kept) {
    table_.fails = true;
    EXPECT_THROW(scan({number_}), Exception);
    table_.fails = false;
    table_.warning = "half of it is missing";
    scan({number_});
    scan({number_});
    EXPECT_EQ(table_.scans, 3);
}

TEST_F(BlockCacheTest, what_is_larger_than_the_cache_is_not_kept) {
    table_.row_count = 200'000; // 1.6 MB of numbers
    EXPECT_EQ(scan({number_}).size(), 200'000U);
    EXPECT_EQ(scan({number_}).size(), 200'000U);
    EXPECT_EQ(table_.scans, 2);
}

TEST_F(BlockCacheTest, the_least_recently_used_goes_first) {
    table_.row_count = 60'000; // half a megabyte
    const auto scan_of = [&](const std::string& connection) {
        ScanRequest request;
        request.connection = connection;
        request.columns = {number_};
        run(request);
        return last_.cache_age.has_value();
    };
    scan_of("a");
    scan_of("b");
    EXPECT_TRUE(scan_of("a"));
    scan_of("c");
    EXPECT_TRUE(scan_of("a"));
    EXPECT_FALSE(scan_of("b"));
}

TEST_F(BlockCacheTest, clearing_a_connection_leaves_the_others) {
    scan({number_});
    cache_.clear("another");
    scan({number_});
    EXPECT_EQ(table_.scans, 1);
    cache_.clear("c");
    scan({number_});
    cache_.clear("");
    scan({number_});
    EXPECT_EQ(table_.scans, 3);
}

TEST_F(BlockCacheTest, what_was_read_before_a_clear_does_not_enter_after_it) {
    table_.during_scan = [&] { cache_.clear("c"); };
    scan({number_});
    table_.during_scan = nullptr;
    scan({number_});
    EXPECT_EQ(table_.scans, 2);
}

TEST_F(BlockCacheTest, a_request_may_refuse_the_cache) {
    scan({number_});
    ScanRequest request;
    request.connection = "c";
    request.columns = {number_};
    request.is_cache_allowed = false;
    run(request);
    EXPECT_EQ(table_.scans, 2);
}

ScanRequest request_of(std::int64_t backend) {
    ScanRequest request;
    request.connection = "c";
    request.columns = {{"n", TypeId::kInt8}};
    request.backend_pid = backend;
    return request;
}

const auto kNeverCancelled = [] { return false; };

TEST_F(BlockCacheTest, another_backend_waits_for_a_fetch_and_gets_its_rows) {
    BlockCache::Answer first = cache_.find(request_of(1), 0, kNeverCancelled);
    ASSERT_NE(first.fetch, nullptr);
    BlockCache::Answer second;
    std::thread waiter([&] { second = cache_.find(request_of(2), 0, kNeverCancelled); });
    CachedScan scan;
    scan.columns = request_of(1).columns;
    scan.read_at = std::chrono::steady_clock::now();
    first.fetch->finish(std::move(scan));
    waiter.join();
    EXPECT_NE(second.scan, nullptr); // whether it came before or after the end
}

TEST_F(BlockCacheTest, the_same_backend_does_not_wait) {
    const BlockCache::Answer first = cache_.find(request_of(1), 0, kNeverCancelled);
    const BlockCache::Answer second = cache_.find(request_of(1), 0, kNeverCancelled);
    EXPECT_NE(second.fetch, nullptr);
}

TEST_F(BlockCacheTest, nobody_waits_for_a_fetch_that_waits_for_its_reader) {
    const BlockCache::Answer first = cache_.find(request_of(1), 0, kNeverCancelled);
    first.fetch->stop_sharing();
    const BlockCache::Answer second = cache_.find(request_of(2), 0, kNeverCancelled);
    EXPECT_NE(second.fetch, nullptr);
}

/// Waits in a thread of its own until `cache.find()` gives it an answer.
class Waiter {
  public:
    Waiter(BlockCache& cache, const ScanRequest& request)
        : thread_([this, &cache, request] {
              answer_ = cache.find(request, cache.epoch("c"), [this] {
                  is_waiting_ = true;
                  is_waiting_.notify_all();
                  return false;
              });
              is_waiting_ = true;
              is_waiting_.notify_all();
          }) {
        is_waiting_.wait(false);
    }
    BlockCache::Answer answer() {
        thread_.join();
        return std::move(answer_);
    }

  private:
    std::atomic<bool> is_waiting_ = false;
    BlockCache::Answer answer_;
    std::thread thread_;
};

TEST_F(BlockCacheTest, all_that_waited_for_a_fetch_that_fails_ask_at_once) {
    BlockCache::Answer first = cache_.find(request_of(1), 0, kNeverCancelled);
    Waiter second(cache_, request_of(2));
    Waiter third(cache_, request_of(3));
    first.fetch.reset();
    const BlockCache::Answer answers[] = {second.answer(), third.answer()}; // both still fetch
    EXPECT_NE(answers[0].fetch, nullptr);
    EXPECT_NE(answers[1].fetch, nullptr);
}

TEST_F(BlockCacheTest, who_wants_few_rows_waits_for_nobody) {
    const BlockCache::Answer first = cache_.find(request_of(1), 0, kNeverCancelled);
    ScanRequest request = request_of(2);
    request.row_target = 1;
    const BlockCache::Answer second = cache_.find(request, 0, [] {
        ADD_FAILURE() << "it waits";
        return true;
    });
    EXPECT_EQ(second.scan, nullptr);
}

TEST_F(BlockCacheTest, nobody_waits_for_a_fetch_from_before_a_clear) {
    const BlockCache::Answer first = cache_.find(request_of(1), 0, kNeverCancelled);
    cache_.clear("c");
    const BlockCache::Answer second = cache_.find(request_of(2), cache_.epoch("c"), [] {
        ADD_FAILURE() << "it waits";
        return true;
    });
    EXPECT_NE(second.fetch, nullptr);
}

TEST_F(BlockCacheTest, what_is_being_fetched_takes_no_more_than_what_is_kept) {
    const BlockCache::Answer first = cache_.find(request_of(1), 0, kNeverCancelled);
    const BlockCache::Answer second = cache_.find(request_of(1), 0, kNeverCancelled);
    EXPECT_TRUE(first.fetch->reserve(kLimits.max_bytes - 10));
    EXPECT_FALSE(second.fetch->reserve(11));
    EXPECT_TRUE(second.fetch->reserve(10));
    first.fetch->give_up();
    EXPECT_TRUE(second.fetch->reserve(kLimits.max_bytes - 10));
    second.fetch->finish(CachedScan());
    EXPECT_TRUE(first.fetch->reserve(kLimits.max_bytes));
}

TEST_F(BlockCacheTest, parts_of_a_table_are_read_anew) {
    ScanRequest request = request_of(1);
    request.part_count = 2;
    for (int time = 0; time < 2; ++time) {
        const BlockCache::Answer answer = cache_.find(request, 0, kNeverCancelled);
        EXPECT_EQ(answer.scan, nullptr);
        EXPECT_EQ(answer.fetch, nullptr);
    }
}

TEST_F(BlockCacheTest, a_cancelled_scan_stops_to_wait) {
    const BlockCache::Answer first = cache_.find(request_of(1), 0, kNeverCancelled);
    const BlockCache::Answer second = cache_.find(request_of(2), 0, [] { return true; });
    EXPECT_EQ(second.scan, nullptr);
}

TEST(BlockCacheOff, keeps_nothing_without_a_time_to_live) {
    BlockCache cache{CacheLimits{}};
    EXPECT_FALSE(cache.is_on());
    const BlockCache::Answer answer = cache.find(request_of(1), 0, kNeverCancelled);
    EXPECT_EQ(answer.fetch, nullptr);
}

} // namespace
} // namespace penstock
