#pragma once

#include "query/output.hpp"
#include "query/session.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace penstock::query {

/// A row of penstock.scan, as far as --timing shows it.
struct ScanFigures {
    std::int64_t number = 0;
    std::string table; ///< connection and table, as SQL writes them
    std::int64_t requests = 0;
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
    bool is_cache_hit = false;
    std::optional<double> first_row_ms;
    double total_ms = 0;
    std::string outcome; ///< such as "failed with 57014"; empty: complete
};

struct StatementFigures {
    double total_ms = 0; ///< from sending it to its last row, without the time in a pager
    std::int64_t rows = 0;
    std::vector<ScanFigures> scans;
    std::int64_t hidden_scans = 0; ///< too many to be remembered, or another role's
    std::string unknown;           ///< why the scans are not known; empty: they are
};

/// What --timing prints after a statement: a line, and one more for each scan, at most 20.
[[nodiscard]] std::string timing_text(const StatementFigures& figures);

/// Would a query of ours, in the same transaction block after a statement with this command tag,
/// change what the user's next statement may do or see? Only a statement that took a snapshot has
/// scanned anything, and only after one a second snapshot is nothing new.
[[nodiscard]] bool took_snapshot(const std::string& tag);

/// Measures statements for --timing. The figures of scans are read from penstock.scan after each
/// statement, but never where that could disturb: a failed transaction block is not asked at all,
/// an open one inside a savepoint and only after a statement that took a snapshot; scans that were
/// not asked for then count to the next statement that is.
class Timing {
  public:
    /// With `is_on` false nothing is measured, printed or asked.
    Timing(Session& session, ResultWriter& writer, bool is_on);
    Timing(const Timing&) = delete;
    Timing& operator=(const Timing&) = delete;

    /// Where the results go: through this object to the writer.
    [[nodiscard]] ResultWriter& writer() { return is_on_ ? counter_ : *counter_.writer; }
    /// A statement is about to be sent, for the first time.
    void start();
    /// It is done; prints to standard error. Errors: Interrupted; Exception kUnavailable.
    void finish();

  private:
    using Clock = std::chrono::steady_clock;

    /// Counts what goes through it.
    struct Counter : public ResultWriter {
        explicit Counter(ResultWriter& to) : writer(&to) {}
        [[nodiscard]] bool needs_whole_result() const override {
            return writer->needs_whole_result();
        }
        void begin(const pg_result& columns) override;
        void rows(const pg_result& result) override;
        void end() override { writer->end(); }
        void fail(const std::string& message) override;
        void command(const std::string& text) override;

        ResultWriter* writer;
        std::int64_t row_count = 0;
        std::string tag; ///< of the last result
        Clock::time_point arrived;
    };

    void read_scans(StatementFigures& figures);
    /// Rows, or else an error, go to `figures`; null: nowhere.
    void ask(const std::string& sql, StatementFigures* figures);
    void take_scans(const pg_result& result, StatementFigures& figures);

    Session& session_;
    Counter counter_;
    bool is_on_;
    Clock::time_point started_;
    std::int64_t last_number_ = 0; ///< of the scans that were shown
};

} // namespace penstock::query
