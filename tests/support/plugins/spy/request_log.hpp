#pragma once

#include "penstock/plugin/plugin.hpp"

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

namespace spy {

/// What was asked, as rows: the last requests of all connections of the process.
/// Threads: safe.
class RequestLog {
  public:
    struct Entry {
        std::int64_t number = 0; ///< 1…, in the order of arrival
        penstock::ScanRequest request;
        std::string state = "running"; ///< then done, cancelled or failed
        std::uint64_t row_count = 0;
    };

    /// Returns the entry's number.
    std::int64_t add(const penstock::ScanRequest& request);
    void finish(std::int64_t number, std::string state, std::uint64_t row_count);
    [[nodiscard]] std::deque<Entry> entries() const;

    /// Connection, table, column, operator, exact or superset: how often, since the process
    /// started.
    using Pushed = std::map<std::array<std::string, 5>, std::int64_t>;
    [[nodiscard]] Pushed pushed() const;

  private:
    mutable std::mutex mutex_;
    std::int64_t last_number_ = 0;
    std::deque<Entry> entries_;
    Pushed pushed_;
};

/// Runs `scan`, and notes in the log what was asked and how it ended.
template <typename Scan>
void record(RequestLog& log, const penstock::ScanRequest& request, penstock::RowSink& rows,
            const Scan& scan) {
    const std::int64_t number = log.add(request);
    try {
        scan();
        log.finish(number, "done", rows.row_count());
    } catch (const penstock::Exception& error) {
        const bool is_cancelled = error.error().kind == penstock::ErrorKind::kCancelled;
        log.finish(number, is_cancelled ? "cancelled" : "failed", rows.row_count());
        throw;
    } catch (...) {
        log.finish(number, "failed", rows.row_count());
        throw;
    }
}

/// The tables `requests` and `pushed`. Looking at them leaves no trace.
std::vector<std::shared_ptr<penstock::Table>>
make_log_tables(const std::shared_ptr<RequestLog>& log);

} // namespace spy
