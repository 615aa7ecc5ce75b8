#include "query/executor.hpp"

#include "penstock/types/error.hpp"
#include "query/interrupt.hpp"
#include "query/json_value.hpp"
#include "query/timing.hpp"

#include <libpq-fe.h>

namespace penstock::query {
namespace {

/// One statement's way from the server to the output.
class StatementRun {
  public:
    StatementRun(Session& session, ResultWriter& writer, std::FILE* out, std::string origin)
        : session_(session), writer_(writer), out_(out), origin_(std::move(origin)) {}

    bool run(const std::string& sql) {
        session_.send(sql, !writer_.needs_whole_result());
        for (ResultPointer result = session_.next(); result; result = session_.next()) {
            take(*result);
        }
        if (is_interrupted()) {
            throw Interrupted{};
        }
        return is_good_;
    }

  private:
    void take(const pg_result& result) {
        switch (PQresultStatus(&result)) {
        case PGRES_SINGLE_TUPLE:
            begin(result);
            writer_.rows(result);
            break;
        case PGRES_TUPLES_OK:
            begin(result);
            writer_.rows(result);
            writer_.end();
            has_begun_ = false;
            break;
        case PGRES_COMMAND_OK:
            writer_.command(
                PQcmdStatus(const_cast<PGresult*>(&result))); // NOLINT: libpq's signature
            break;
        case PGRES_COPY_OUT:
            copy_out();
            break;
        case PGRES_COPY_IN:
            PQputCopyEnd(session_.handle(), "COPY FROM STDIN works in psql only");
            break;
        case PGRES_EMPTY_QUERY:
            break;
        default:
            fail(result);
        }
    }

    void begin(const pg_result& result) {
        if (!has_begun_) {
            has_begun_ = true;
            writer_.begin(result);
        }
    }

    void copy_out() {
        char* line = nullptr;
        int bytes = 0;
        while ((bytes = PQgetCopyData(session_.handle(), &line, 0)) > 0) {
            const std::string text(line, static_cast<std::size_t>(bytes));
            PQfreemem(line);
            write_text(out_, text);
        }
        flush(out_);
    }

    void fail(const pg_result& result) {
        is_good_ = false;
        if (has_begun_) {
            const char* message = PQresultErrorField(&result, PG_DIAG_MESSAGE_PRIMARY);
            writer_.fail(message == nullptr ? "" : message);
        }
        std::fflush(out_); // the error comes after the rows that came before it
        std::fprintf(stderr, "%s%s", origin_.c_str(), PQresultErrorMessage(&result));
    }

    Session& session_;
    ResultWriter& writer_;
    std::FILE* out_;
    std::string origin_;
    bool has_begun_ = false;
    bool is_good_ = true;
};

std::string origin_of(const Script& script, const Statement& statement) {
    return script.name.empty() ? "" : script.name + ":" + std::to_string(statement.line) + ": ";
}

std::vector<Statement> split(const Script& script) {
    try {
        return split_statements(script.text);
    } catch (const Exception& exception) {
        Error error = exception.error();
        error.message = (script.name.empty() ? "" : script.name + ": ") + error.message;
        throw Exception(error);
    }
}

} // namespace

bool run_scripts(Session& session, const std::vector<Script>& scripts, const RunOptions& options,
                 std::FILE* out) {
    // Everything is cut before anything runs: a script with a mistake of form changes nothing.
    std::vector<std::vector<Statement>> statements;
    statements.reserve(scripts.size());
    for (const Script& script : scripts) {
        statements.push_back(split(script));
    }
    const TypeNames types =
        needs_types(options.output.format) ? TypeNames::load(session.handle()) : TypeNames{};
    const std::unique_ptr<ResultWriter> writer = make_writer(options.output, types, out);
    Timing timing(session, *writer, options.has_timing);
    bool is_good = true;
    for (std::size_t index = 0; index < scripts.size(); ++index) {
        for (const Statement& statement : statements[index]) {
            StatementRun run(session, timing.writer(), out, origin_of(scripts[index], statement));
            timing.start();
            is_good = run.run(statement.text) && is_good;
            timing.finish();
            if (!is_good && options.stops_on_error) {
                return false;
            }
        }
    }
    return is_good;
}

} // namespace penstock::query
