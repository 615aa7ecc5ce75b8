#pragma once

#include "penstock/types/error.hpp"
#include "query/progress.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct pg_conn;
struct pg_result;

namespace penstock::query {

struct ResultDeleter {
    void operator()(pg_result* result) const;
};
using ResultPointer = std::unique_ptr<pg_result, ResultDeleter>;

/// The user pressed Ctrl-C; the query is cancelled, or was given up when the server did not answer
/// within a second.
struct Interrupted {};

/// One connection of the command line to the database. Every wait shows progress, and ends by
/// Ctrl-C. Notices and warnings go to standard error as psql prints them.
class Session {
  public:
    /// Errors: Exception kUnavailable with libpq's words as detail.
    explicit Session(const std::string& connection_string);
    /// Asks the server to stop what it still does for us: nobody takes its result.
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    [[nodiscard]] pg_conn* handle() const noexcept { return connection_.get(); }

    /// Sends one statement. Errors: Interrupted, with nothing sent; Exception kUnavailable when the
    /// connection is lost.
    void send(const std::string& sql, bool is_row_by_row);
    /// The next result of what was sent; null at its end. A failed statement is a result, too.
    /// Errors: Interrupted; Exception kUnavailable.
    [[nodiscard]] ResultPointer next();
    /// The next piece of a COPY TO STDOUT; nullopt at its end, whose result is the next one.
    /// Errors: as above.
    [[nodiscard]] std::optional<std::string> next_copied();

    /// Runs a statement of ours with text parameters and gives its rows. What the progress line
    /// shows goes on.
    /// Errors: Exception kRemote with the server's message, and as above.
    [[nodiscard]] ResultPointer run(const std::string& sql,
                                    const std::vector<std::string>& parameters = {});
    /// Waits for a notification until `deadline`; false when there was none.
    /// Errors: Interrupted; Exception kUnavailable.
    [[nodiscard]] bool wait_for_notification(std::chrono::steady_clock::time_point deadline);
    /// The payloads of the notifications of connection_state since the last call, oldest first.
    [[nodiscard]] std::vector<std::string> take_notifications();
    /// In a transaction block, be it a failed one.
    [[nodiscard]] bool is_in_block() const noexcept;
    [[nodiscard]] bool is_in_failed_block() const noexcept;

    Progress& progress() noexcept { return progress_; }
    /// What the progress line says.
    void set_progress_text(std::string text) { progress_text_ = std::move(text); }

  private:
    struct Deleter {
        void operator()(pg_conn* connection) const;
    };
    [[nodiscard]] Exception lost() const;
    void wait_readable(std::chrono::milliseconds limit);
    void check_interrupt();
    /// Asks the server to stop what it does for us.
    void cancel() noexcept;
    [[nodiscard]] bool collect_notifications();
    [[nodiscard]] ResultPointer fetch();

    std::unique_ptr<pg_conn, Deleter> connection_;
    Progress progress_;
    std::string progress_text_ = "running the query";
    std::optional<std::chrono::steady_clock::time_point> cancelled_at_;
    std::vector<std::string> notifications_;
};

} // namespace penstock::query
