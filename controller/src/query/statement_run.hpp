#pragma once

#include "query/output.hpp"
#include "query/session.hpp"

#include <string>

namespace penstock::query {

/// One attempt of one statement: its way from the server to the output.
class StatementRun {
  public:
    StatementRun(Session& session, ResultWriter& writer, std::FILE* out)
        : session_(session), writer_(writer), out_(out) {}

    /// Prints what comes. Returns the error, not printed yet; null when the statement succeeded.
    /// One that changes rows succeeds although nobody reads what it returns.
    /// Errors: Interrupted when the server did not answer a cancellation; OutputClosed; Exception
    /// kUnavailable.
    [[nodiscard]] ResultPointer run(const std::string& sql);
    /// The command tag of the last result, such as "COMMIT".
    [[nodiscard]] const std::string& tag() const noexcept { return tag_; }
    /// Something was printed, so that another attempt would print it again.
    [[nodiscard]] bool has_printed() const noexcept { return has_printed_; }
    /// Marks the printed rows as incomplete, if the format can.
    void give_up(const pg_result& error);

  private:
    void take(ResultPointer result);
    void begin(const pg_result& result);
    void copy_out();
    void take_no_more_rows();

    Session& session_;
    ResultWriter& writer_;
    std::FILE* out_;
    ResultPointer error_;
    std::string tag_;
    bool has_begun_ = false;
    bool has_printed_ = false;
};

} // namespace penstock::query
