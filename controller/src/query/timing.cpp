#include "query/timing.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace penstock::query {
namespace {

/// More than any sensible statement has; what is beyond is counted, not shown.
constexpr const char* kRemember = "set penstock.scan_history = 1000";

std::string scans_after(std::int64_t number) {
    return "select number, pg_catalog.format('%I.%I', connection, table_name), requests, rows, "
           "bytes, cache_hit, first_row_ms, total_ms, outcome, sqlstate "
           "from penstock.session_scans() where number > " +
           std::to_string(number) + " order by number";
}

/// The user's own transaction block goes on as if nothing had been asked.
std::string in_savepoint(const std::string& sql) {
    return "savepoint penstock_timing; " + sql + "; release savepoint penstock_timing";
}
constexpr const char* kUndo =
    "rollback to savepoint penstock_timing; release savepoint penstock_timing";

} // namespace

bool took_snapshot(const std::string& tag) {
    constexpr std::array<std::string_view, 12> kTags{
        "SELECT", "INSERT", "UPDATE",  "DELETE", "MERGE", "COPY",
        "FETCH",  "MOVE",   "EXPLAIN", "DO",     "CALL",  "REFRESH MATERIALIZED VIEW"};
    return std::any_of(kTags.begin(), kTags.end(), [&tag](std::string_view known) {
        return tag == known || tag.rfind(std::string(known) + " ", 0) == 0;
    });
}

void Timing::Counter::begin(const pg_result& columns) {
    arrived = Clock::now();
    writer->begin(columns);
}

void Timing::Counter::rows(const pg_result& result) {
    arrived = Clock::now();
    row_count += PQntuples(&result);
    tag = PQcmdStatus(const_cast<PGresult*>(&result)); // NOLINT: libpq's signature
    writer->rows(result);
}

void Timing::Counter::fail(const std::string& message) {
    arrived = Clock::now();
    writer->fail(message);
}

void Timing::Counter::command(const std::string& text) {
    arrived = Clock::now();
    tag = text;
    writer->command(text);
}

Timing::Timing(Session& session, ResultWriter& writer, bool is_on)
    : session_(session), counter_(writer), is_on_(is_on) {
    if (is_on_) {
        ask(kRemember, nullptr);
    }
}

void Timing::start() {
    counter_.row_count = 0;
    counter_.tag.clear();
    counter_.arrived = {};
    started_ = Clock::now();
}

void Timing::finish() {
    if (!is_on_) {
        return;
    }
    StatementFigures figures;
    const bool has_arrived = counter_.arrived > started_;
    const auto end = has_arrived ? counter_.arrived : Clock::now();
    figures.total_ms = std::chrono::duration<double, std::milli>(end - started_).count();
    figures.rows = counter_.row_count;
    read_scans(figures);
    std::fputs(timing_text(figures).c_str(), stderr);
}

void Timing::read_scans(StatementFigures& figures) {
    const PGTransactionStatusType status = PQtransactionStatus(session_.handle());
    if (status == PQTRANS_INERROR) {
        figures.unknown = "the transaction has failed";
        return;
    }
    const bool is_block = status == PQTRANS_INTRANS;
    if (is_block && !took_snapshot(counter_.tag)) {
        return; // nothing was scanned
    }
    const std::string sql = scans_after(last_number_);
    ask(is_block ? in_savepoint(sql) : sql, &figures);
    if (PQtransactionStatus(session_.handle()) == PQTRANS_INERROR) {
        ask(kUndo, nullptr);
    }
}

void Timing::ask(const std::string& sql, StatementFigures* figures) {
    session_.send(sql, false);
    for (ResultPointer result = session_.next(); result; result = session_.next()) {
        const ExecStatusType status = PQresultStatus(result.get());
        if (figures != nullptr && status == PGRES_TUPLES_OK) {
            take_scans(*result, *figures);
        } else if (figures != nullptr && status != PGRES_COMMAND_OK) {
            const char* message = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
            figures->unknown = message == nullptr ? "the server gave no reason" : message;
        }
    }
}

void Timing::take_scans(const pg_result& result, StatementFigures& figures) {
    for (int row = 0; row < PQntuples(&result); ++row) {
        const auto text = [&result, row](int column) { return PQgetvalue(&result, row, column); };
        const auto number = [&text](int column) { return std::strtoll(text(column), nullptr, 10); };
        ScanFigures scan;
        scan.number = number(0);
        scan.table = text(1);
        scan.requests = number(2);
        scan.rows = number(3);
        scan.bytes = number(4);
        scan.is_cache_hit = *text(5) == 't';
        if (PQgetisnull(&result, row, 6) == 0) {
            scan.first_row_ms = std::strtod(text(6), nullptr);
        }
        scan.total_ms = std::strtod(text(7), nullptr);
        const std::string outcome = text(8);
        if (outcome != "complete") {
            scan.outcome = outcome + (*text(9) == '\0' ? "" : std::string(" with ") + text(9));
        }
        figures.scans.push_back(std::move(scan));
    }
    if (!figures.scans.empty()) {
        figures.hidden_scans = figures.scans.front().number - last_number_ - 1;
        last_number_ = figures.scans.back().number;
    }
}

} // namespace penstock::query
