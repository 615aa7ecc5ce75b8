#pragma once

#include "query/connection_table.hpp"

#include <chrono>
#include <functional>
#include <set>
#include <string>

struct pg_result;

namespace penstock::query {

struct WaitOptions {
    std::chrono::milliseconds limit{30000}; ///< for each statement; 0: never wait
};

/// What is to happen after a statement failed.
struct Next {
    bool is_retry = false;
    std::optional<Error> error; ///< in place of the server's error
    std::string remark;         ///< to be printed after the server's error: DETAIL or HINT lines
};

/// Waits for what one statement misses: by notification, looking at connection_state and at the
/// controller once a second in between. One object for each statement; it remembers the attempts.
/// Errors: of every call, Interrupted; Exception kUnavailable when the session is lost.
class Waiter {
  public:
    Waiter(Session& session, ConnectionTable& connections, const WaitOptions& options)
        : session_(session), connections_(connections), options_(options) {}

    /// After `sql` failed with `result` before any row was printed.
    [[nodiscard]] Next after_failure(const pg_result& result, const std::string& sql);
    /// Until the deciding connections of a search path have their tables. The error that ends the
    /// wait, or nothing.
    [[nodiscard]] std::optional<Error> wait_for_path(const std::vector<std::string>& path);

  private:
    using Look = std::function<Decision(Scene&)>;
    [[nodiscard]] Next after_missing(Failure failure);
    [[nodiscard]] Next nested_answer(const Decision& decision, Scene& scene,
                                     const Failure& failure);
    [[nodiscard]] Next answer(const Decision& decision, const Failure& failure);
    [[nodiscard]] Next after_outdated_plan(const std::string& sql);
    [[nodiscard]] std::string analysed_text(const std::string& sql);
    /// Decides again and again until there is nothing to wait for. The error that ends the wait.
    [[nodiscard]] std::optional<Error> wait(const Look& look, Decision& decision);
    [[nodiscard]] std::optional<Error> obstacle(const Decision& decision, const Scene& scene);
    void ask_for_tables(const Decision& decision);

    Session& session_;
    ConnectionTable& connections_;
    WaitOptions options_;
    Attempted attempted_;
    std::set<std::string> asked_; ///< connections whose tables were asked for
    bool names_schema_ = false;   ///< what is missing was given with its schema
    std::optional<std::chrono::steady_clock::time_point> deadline_;
    std::chrono::steady_clock::time_point next_look_; ///< at the controller
    bool has_prepared_again_ = false;
};

/// "30 s", "1.5 s", "250 ms"
[[nodiscard]] std::string duration_text(std::chrono::milliseconds duration);

/// A connection in error, as an error of a statement.
[[nodiscard]] Error error_of(const Connection& connection);
/// Nothing can be waited for, because nobody works on it.
[[nodiscard]] Error no_controller_error(const std::string& waited_for);

} // namespace penstock::query
