#include "query/timing.hpp"

#include <gtest/gtest.h>

namespace penstock::query {
namespace {

ScanFigures make_scan(const std::string& table, std::int64_t rows, double total_ms) {
    ScanFigures scan;
    scan.table = table;
    scan.requests = 1;
    scan.rows = rows;
    scan.bytes = rows * 100;
    scan.total_ms = total_ms;
    return scan;
}

TEST(TimingText, of_a_statement_without_scans_is_one_line) {
    StatementFigures figures;
    figures.total_ms = 1.5;
    figures.rows = 1;
    EXPECT_EQ(timing_text(figures), "Time: 1.500 ms. Rows: 1. Scans: 0.\n");
}

TEST(TimingText, adds_up_the_scans_and_shows_each) {
    StatementFigures figures;
    figures.total_ms = 12.3456;
    figures.rows = 2;
    figures.scans = {make_scan("files.good", 2, 1.25), make_scan("a.\"B c\"", 9999, 11)};
    figures.scans[0].first_row_ms = 0.5;
    figures.scans[0].is_cache_hit = true;
    figures.scans[1].requests = 3;
    figures.scans[1].outcome = "failed with 57014";
    EXPECT_EQ(timing_text(figures),
              "Time: 12.346 ms. Rows: 2. Scans: 2, 1 cache hit, 10001 rows received, 1.0 MB.\n"
              "  files.good: 2 rows, 200 bytes, first row after 0.500 ms, end after 1.250 ms, "
              "from the cache\n"
              "  a.\"B c\": 9999 rows, 999.9 kB, 3 requests, end after 11.000 ms, "
              "failed with 57014\n");
}

TEST(TimingText, of_many_scans_shows_the_slowest) {
    StatementFigures figures;
    for (int number = 1; number <= 30; ++number) {
        figures.scans.push_back(make_scan("t" + std::to_string(number), 1, number));
    }
    figures.hidden_scans = 5;
    const std::string text = timing_text(figures);
    EXPECT_NE(text.find("Scans: 35 (5 of them not known), 0 cache hits, 30 rows received, 3.0 kB."
                        "\nThe 20 slowest:\n  t30: 1 row, "),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("  t11: "), std::string::npos);
    EXPECT_EQ(text.find("  t10: "), std::string::npos);
}

TEST(TimingText, says_why_scans_are_not_known) {
    StatementFigures figures;
    figures.unknown = "the transaction has failed";
    EXPECT_EQ(timing_text(figures),
              "Time: 0.000 ms. Rows: 0. Scans: not known, the transaction has failed.\n");
}

TEST(TookSnapshot, holds_for_what_can_scan_and_for_nothing_that_may_come_first_in_a_block) {
    for (const char* tag : {"SELECT 5", "INSERT 0 1", "COPY 3", "FETCH 0", "DO", "CALL", "EXPLAIN",
                            "REFRESH MATERIALIZED VIEW"}) {
        EXPECT_TRUE(took_snapshot(tag)) << tag;
    }
    for (const char* tag : {"", "BEGIN", "START TRANSACTION", "SET", "SHOW", "SAVEPOINT", "RELEASE",
                            "ROLLBACK", "LISTEN", "DOMAIN", "SELECTED"}) {
        EXPECT_FALSE(took_snapshot(tag)) << tag;
    }
}

} // namespace
} // namespace penstock::query
