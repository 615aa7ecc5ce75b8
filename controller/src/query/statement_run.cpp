#include "query/statement_run.hpp"

#include "query/failure.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace penstock::query {
namespace {

/// INSERT … RETURNING and its like, also within WITH. Coarse: a column may have such a name, too.
bool changes_rows(const std::string& sql) {
    constexpr std::array<std::string_view, 4> kWords{"insert", "update", "delete", "merge"};
    const std::vector<Name> names = names_in(sql);
    return std::any_of(names.begin(), names.end(), [&kWords](const Name& name) {
        return std::find(kWords.begin(), kWords.end(), name.relation()) != kWords.end();
    });
}

} // namespace

ResultPointer StatementRun::run(const std::string& sql) {
    session_.send(sql, !writer_.needs_whole_result());
    for (ResultPointer result = session_.next(); result; result = session_.next()) {
        try {
            take(std::move(result));
        } catch (const OutputClosed& closed) {
            if (closed.error != EPIPE || !changes_rows(sql)) {
                throw;
            }
            take_no_more_rows();
        }
    }
    return std::move(error_);
}

void StatementRun::take_no_more_rows() {
    for (ResultPointer result = session_.next(); result; result = session_.next()) {
        const ExecStatusType status = PQresultStatus(result.get());
        while (status == PGRES_COPY_OUT && session_.next_copied()) {
        }
        if (status == PGRES_FATAL_ERROR) {
            error_ = std::move(result);
        }
    }
}

void StatementRun::give_up(const pg_result& error) {
    if (has_begun_) {
        writer_.fail(error_field(error, PG_DIAG_MESSAGE_PRIMARY));
    }
    std::fflush(out_); // the error comes after the rows that came before it
}

void StatementRun::take(ResultPointer result) {
    switch (PQresultStatus(result.get())) {
    case PGRES_SINGLE_TUPLE:
        begin(*result);
        writer_.rows(*result);
        break;
    case PGRES_TUPLES_OK:
        begin(*result);
        writer_.rows(*result);
        writer_.end();
        has_begun_ = false;
        break;
    case PGRES_COMMAND_OK:
        has_printed_ = true;
        tag_ = PQcmdStatus(result.get());
        writer_.command(tag_);
        break;
    case PGRES_COPY_OUT:
        has_printed_ = true;
        copy_out();
        break;
    case PGRES_COPY_IN:
        PQputCopyEnd(session_.handle(), "COPY FROM STDIN works in psql only");
        break;
    case PGRES_EMPTY_QUERY:
        break;
    default:
        error_ = std::move(result);
    }
}

void StatementRun::begin(const pg_result& result) {
    if (!has_begun_) {
        has_begun_ = true;
        has_printed_ = true;
        writer_.begin(result);
    }
}

void StatementRun::copy_out() {
    while (const std::optional<std::string> piece = session_.next_copied()) {
        write_text(out_, *piece);
    }
    flush(out_);
}

} // namespace penstock::query
