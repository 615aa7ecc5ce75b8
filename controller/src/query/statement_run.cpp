#include "query/statement_run.hpp"

#include "query/failure.hpp"

#include <libpq-fe.h>

namespace penstock::query {

ResultPointer StatementRun::run(const std::string& sql) {
    session_.send(sql, !writer_.needs_whole_result());
    for (ResultPointer result = session_.next(); result; result = session_.next()) {
        take(std::move(result));
    }
    return std::move(error_);
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
