#include "query/executor.hpp"

#include "penstock/types/error.hpp"
#include "penstock/types/utf8.hpp"
#include "query/changes.hpp"
#include "query/connection_table.hpp"
#include "query/interrupt.hpp"
#include "query/json_value.hpp"
#include "query/statement_run.hpp"
#include "query/timing.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cerrno>

namespace penstock::query {
namespace {

/// A statement with what stands before its errors.
struct Planned {
    std::string sql;
    std::string origin;
};

Exception script_error(const Script& script, Error error) {
    error.message = (script.name.empty() ? "" : script.name + ": ") + error.message;
    return Exception(error);
}

/// The server would say it, too, but not where.
void check_text(const Script& script) {
    const std::size_t invalid = find_invalid_utf8(script.text);
    if (invalid == script.text.size()) {
        return;
    }
    const auto line =
        1 + std::count(script.text.begin(),
                       script.text.begin() + static_cast<std::ptrdiff_t>(invalid), '\n');
    constexpr const char* kDigits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(script.text[invalid]);
    throw script_error(
        script, Error::make(ErrorKind::kData,
                            "line " + std::to_string(line) + ": the SQL text is no UTF-8: byte 0x" +
                                kDigits[byte / 16] + kDigits[byte % 16],
                            {}, "Nothing was run. Save the text as UTF-8 without NUL bytes."));
}

std::vector<Statement> split(const Script& script) {
    check_text(script);
    try {
        return split_statements(script.text);
    } catch (const Exception& exception) {
        throw script_error(script, exception.error());
    }
}

/// Everything is cut before anything runs: a script with a mistake of form changes nothing.
std::vector<Planned> plan(const std::vector<Script>& scripts) {
    std::vector<Planned> planned;
    for (const Script& script : scripts) {
        std::vector<Statement> statements = split(script);
        if (statements.empty()) {
            std::fprintf(stderr, "penstock: there is no statement in %s\n",
                         script.name.empty() ? "the SQL given" : script.name.c_str());
        }
        for (Statement& statement : statements) {
            planned.push_back({std::move(statement.text),
                               script.name.empty()
                                   ? ""
                                   : script.name + ":" + std::to_string(statement.line) + ": "});
        }
    }
    if (planned.size() > 1) {
        for (std::size_t index = 0; index < planned.size(); ++index) {
            Planned& statement = planned[index];
            statement.origin = statement.origin.empty()
                                   ? "statement " + std::to_string(index + 1) + ": "
                                   : statement.origin;
        }
    }
    return planned;
}

std::string text_of_error(const Error& error) {
    return "ERROR:  " + error.message + "\n" +
           (error.detail.empty() ? "" : "DETAIL:  " + error.detail + "\n") +
           (error.hint.empty() ? "" : "HINT:  " + error.hint + "\n");
}

/// What became of the statements so far; says so at its end.
class Summary {
  public:
    explicit Summary(std::size_t total) : total_(total) {}
    ~Summary() {
        if (total_ < 2) {
            return;
        }
        const std::size_t rest = total_ - succeeded_ - failed_;
        std::fprintf(stderr, "%zu statements: %zu succeeded", total_, succeeded_);
        print_count(failed_, "failed");
        print_count(rest, "not completed");
        std::fputs("\n", stderr);
    }
    Summary(const Summary&) = delete;
    Summary& operator=(const Summary&) = delete;

    void add(bool is_good) { ++(is_good ? succeeded_ : failed_); }
    [[nodiscard]] bool is_good() const { return failed_ == 0; }
    /// All but the last are counted, and were good.
    [[nodiscard]] bool is_good_up_to_last() const { return succeeded_ + 1 == total_; }

  private:
    static void print_count(std::size_t count, const char* what) {
        if (count > 0) {
            std::fprintf(stderr, ", %zu %s", count, what);
        }
    }

    std::size_t total_;
    std::size_t succeeded_ = 0;
    std::size_t failed_ = 0;
};

class Executor {
  public:
    Executor(Session& session, const RunOptions& options, ResultWriter& writer, std::FILE* out)
        : session_(session), connections_(session), changes_(session, connections_),
          options_(options), writer_(writer), out_(out) {}

    void prepare() {
        connections_.prepare();
        Waiter waiter(session_, connections_, options_.wait);
        apply_search_path(session_, waiter, options_.path);
    }

    [[nodiscard]] bool run(const Planned& statement) {
        Waiter waiter(session_, connections_, options_.wait);
        while (true) {
            changes_.check();
            StatementRun attempt(session_, writer_, out_);
            const ResultPointer error = attempt.run(statement.sql);
            if (!error) {
                finish(statement, attempt.tag());
                return true;
            }
            if (is_interrupted()) {
                fail(statement, attempt, *error, {});
                throw Interrupted{};
            }
            const Next next =
                attempt.has_printed() ? Next{} : waiter.after_failure(*error, statement.sql);
            if (!next.is_retry) {
                fail(statement, attempt, *error, next);
                finish(statement, attempt.tag());
                return false;
            }
        }
    }

  private:
    void finish(const Planned& statement, const std::string& tag) {
        changes_.add(statement.sql);
        if (is_interrupted()) {
            return;
        }
        changes_.check();
        const bool was_in_block = std::exchange(is_in_block_, session_.is_in_block());
        if (is_in_block_ && !session_.is_in_failed_block() &&
            (!was_in_block || is_chained(statement.sql, tag))) {
            connections_.let_server_wait(options_.wait.limit);
        }
    }

    /// COMMIT AND CHAIN and its like end a block, and with it what was set in it, and begin
    /// another.
    static bool is_chained(const std::string& sql, const std::string& tag) {
        return (tag == "COMMIT" || tag == "ROLLBACK") && names_in(sql).back().relation() == "chain";
    }

    static void fail(const Planned& statement, StatementRun& attempt, const pg_result& error,
                     const Next& next) {
        attempt.give_up(error);
        const std::string text =
            next.error ? text_of_error(*next.error) : PQresultErrorMessage(&error);
        std::fprintf(stderr, "%s%s%s", statement.origin.c_str(), text.c_str(), next.remark.c_str());
    }

    Session& session_;
    ConnectionTable connections_;
    Changes changes_;
    const RunOptions& options_;
    ResultWriter& writer_;
    std::FILE* out_;
    bool is_in_block_ = false;
};

void run_in_turn(const std::vector<Planned>& statements, bool stops_on_error, Executor& executor,
                 Timing& timing, Summary& summary) {
    for (const Planned& statement : statements) {
        timing.start();
        summary.add(executor.run(statement));
        if (is_interrupted()) {
            throw Interrupted{};
        }
        timing.finish();
        if (!summary.is_good() && stops_on_error) {
            break;
        }
    }
}

/// The server undoes such a block without a word.
void warn_of_open_block(const Session& session) {
    if (session.is_in_block() && !session.is_in_failed_block()) {
        std::fputs("WARNING:  the last transaction block was not ended, so nothing of it is kept\n"
                   "HINT:  End it with COMMIT.\n",
                   stderr);
    }
}

} // namespace

bool run_scripts(Session& session, const std::vector<Script>& scripts, const RunOptions& options,
                 std::FILE* out) {
    const std::vector<Planned> statements = plan(scripts);
    const TypeNames types =
        needs_types(options.output.format) ? TypeNames::load(session) : TypeNames{};
    const std::unique_ptr<ResultWriter> writer = make_writer(options.output, types, out);
    Timing timing(session, *writer, options.has_timing);
    Executor executor(session, options, timing.writer(), out);
    if (!statements.empty()) {
        executor.prepare();
    }
    Summary summary(statements.size());
    try {
        run_in_turn(statements, options.stops_on_error, executor, timing, summary);
    } catch (const OutputClosed& closed) {
        if (closed.error != EPIPE || summary.is_good_up_to_last()) {
            throw;
        }
        return false; // what failed, or was not run, is no success because nobody reads on
    }
    warn_of_open_block(session);
    return summary.is_good();
}

} // namespace penstock::query
