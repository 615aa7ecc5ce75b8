#include "aggregate_scan.hpp"

#include "child_output.hpp"
#include "current_error.hpp"
#include "evaluation.hpp"
#include "side_by_side.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>

namespace penstock {

namespace {

constexpr std::size_t kMaxWarnings = 100;

/// One output for all children: a frame at a time. While one waits for the reader, so do the
/// others, each with one block in hand.
class SharedOutput final : public BlockOutput {
  public:
    explicit SharedOutput(BlockOutput& output) : output_(output) {}

    void write_frame(std::span<const std::byte> frame) override {
        const std::lock_guard lock(mutex_);
        if (is_cancelled()) { // also: another child may have left half a frame behind
            throw Exception(ErrorKind::kCancelled, "query was cancelled");
        }
        try {
            output_.write_frame(frame);
        } catch (...) {
            failure_ = current_error();
            stop();
            throw;
        }
    }
    [[nodiscard]] bool is_cancelled() const noexcept override {
        return is_stopped_ || output_.is_cancelled();
    }
    /// A child waits for the others as well, so it always may have to.
    void before_waiting(const std::function<void()>& callback) override {
        if (callback) {
            callback();
        }
    }
    void stop() noexcept { is_stopped_ = true; }
    /// Why a frame could not be taken: no child's failure, so it ends the scan also when children
    /// may fail. To be read when they are done.
    [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }

  private:
    BlockOutput& output_;
    std::mutex mutex_;
    std::atomic<bool> is_stopped_ = false;
    std::optional<Error> failure_;
};

class AggregateScan {
  public:
    using Find = std::function<FoundTable(const std::string& connection)>;

    AggregateScan(const AggregateTable& table, const std::string& plugin, ScanRequest request,
                  BlockOutput& output, const Find& find, BlockCache* cache)
        : table_(table), plugin_(plugin), scan_(plan_scan(std::move(request), table.schema)),
          output_(output), evaluation_(scan_, output), shared_(evaluation_), find_(find),
          cache_(cache) {}

    [[nodiscard]] ScanSummary run() {
        std::vector<const AggregateTable::Child*> asked;
        for (const AggregateTable::Child& child : table_.children) {
            if (!scan_.is_never && may_match(scan_.request.quals, child.connection)) {
                asked.push_back(&child);
            }
        }
        run_side_by_side(asked.size(), kChildrenAtOnce,
                         [&](std::size_t index) { scan_child(*asked[index]); });
        if (output_.is_cancelled()) {
            throw Exception(ErrorKind::kCancelled, "query was cancelled");
        }
        if (const std::optional<Error>& failure = shared_.failure()) {
            throw Exception(*failure);
        }
        if (failure_) {
            throw Exception(*std::move(failure_));
        }
        evaluation_.finish();
        return summarize();
    }

  private:
    void scan_child(const AggregateTable::Child& child) noexcept {
        if (shared_.is_cancelled()) {
            return;
        }
        try {
            const CacheUse use{cache_, cache_ != nullptr ? cache_->epoch(child.connection) : 0};
            const FoundTable found = find_(child.connection);
            if (const auto planned = plan(child, found)) {
                ChildOutput rows(*planned, scan_.request.columns, plugin_, shared_);
                take(child.connection, run_scan(*found.table, planned->request, rows, use));
            }
        } catch (...) {
            take_failure(child.connection, current_error());
        }
    }

    /// What the child is asked; nothing when no row of it can be in the result.
    [[nodiscard]] std::optional<ChildPlan> plan(const AggregateTable::Child& child,
                                                const FoundTable& found) const {
        if (found.table != nullptr) {
            return plan_child(scan_.request, child.connection, found.table->schema());
        }
        if (child.has_table) {
            throw Exception(ErrorKind::kNotFound,
                            "table \"" + table_.schema.name + "\" is not there any more");
        }
        return std::nullopt;
    }

    void take(const std::string& child, const ScanSummary& summary) {
        const std::lock_guard lock(mutex_);
        source_bytes_ += summary.source_bytes;
        are_all_cached_ = are_all_cached_ && summary.cache_age;
        cache_age_ = std::max(cache_age_, summary.cache_age);
        for (const std::string& warning : summary.warnings) {
            std::string text = "connection \"" + child + "\": ";
            warnings_.emplace(child, text.append(warning));
        }
    }

    void take_failure(const std::string& child, const Error& error) {
        if (shared_.is_cancelled()) {
            return; // the query has gone, or what failed first ended this one
        }
        const std::lock_guard lock(mutex_);
        if (table_.is_partial) {
            failed_.emplace(child, error.message);
        } else if (!failure_) {
            failure_ = name_child(error, child);
            shared_.stop();
        }
    }

    /// What failed comes first: it matters more than what the others warn of.
    [[nodiscard]] ScanSummary summarize() const {
        ScanSummary summary{evaluation_.row_count(), source_bytes_, {}};
        if (are_all_cached_) {
            summary.cache_age = cache_age_;
        }
        for (const auto& [child, message] : failed_) {
            std::string text = "connection \"" + child + "\" failed, its rows are missing: ";
            summary.warnings.push_back(text.append(message));
        }
        for (const auto& [child, warning] : warnings_) {
            summary.warnings.push_back(warning);
        }
        if (summary.warnings.size() > kMaxWarnings) {
            const std::size_t more = summary.warnings.size() - kMaxWarnings + 1;
            summary.warnings.resize(kMaxWarnings - 1);
            summary.warnings.push_back("and " + std::to_string(more) + " more warnings");
        }
        return summary;
    }

    const AggregateTable& table_;
    const std::string& plugin_;
    const ScanPlan scan_;
    BlockOutput& output_;
    Evaluation evaluation_; ///< of all children's rows together
    SharedOutput shared_;
    const Find& find_;
    BlockCache* const cache_;
    std::mutex mutex_; ///< guards the rest
    std::uint64_t source_bytes_ = 0;
    bool are_all_cached_ = true;
    std::optional<std::chrono::milliseconds> cache_age_; ///< of the oldest
    std::optional<Error> failure_;
    std::map<std::string, std::string> failed_;        ///< child → message
    std::multimap<std::string, std::string> warnings_; ///< by child
};

} // namespace

ScanSummary run_aggregate_scan(const AggregateTable& table, const std::string& plugin,
                               ScanRequest request, BlockOutput& output,
                               const std::function<FoundTable(const std::string&)>& find,
                               BlockCache* cache) {
    return AggregateScan(table, plugin, std::move(request), output, find, cache).run();
}

Error name_child(Error error, const std::string& child) {
    error.message = "connection \"" + child + "\": " + error.message;
    error.argument.clear(); // one of the child's, not of the aggregator's
    return error;
}

} // namespace penstock
