#include "query/session.hpp"

#include "query/interrupt.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <future>
#include <thread>

namespace penstock::query {
namespace {

using namespace std::chrono_literals;

/// Without a progress line nothing needs us before the server or the user does.
constexpr auto kTick = 100ms;
constexpr auto kUnlimited = std::chrono::milliseconds(std::chrono::hours(24));
/// How many payloads are kept that nobody takes: a listener in a long run of thousands of changes.
constexpr std::size_t kMostNotifications = 100000;
/// How long the server may take to confirm a cancellation before we leave without it.
constexpr auto kCancelLimit = 900ms;

std::string trimmed(const char* text) {
    std::string line = text == nullptr ? "" : text;
    while (!line.empty() && line.back() == '\n') {
        line.pop_back();
    }
    return line;
}

using CancelRequest = std::unique_ptr<PGcancel, decltype(&PQfreeCancel)>;

/// In a thread of its own, because it blocks, however long a network or a server does not answer.
void send_cancellation(const CancelRequest& request, std::promise<void> done) {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr); // signals are for the thread that waits
    std::array<char, 256> error{};
    // A request that fails shows by the query going on; the waiting loop gives up by itself.
    (void)PQcancel(request.get(), error.data(), static_cast<int>(error.size()));
    done.set_value();
}

void print_notice(void* progress, const char* message) {
    static_cast<Progress*>(progress)->clear();
    std::fputs(message, stderr);
}

} // namespace

void ResultDeleter::operator()(pg_result* result) const {
    PQclear(result);
}

void Session::Deleter::operator()(pg_conn* connection) const {
    PQfinish(connection);
}

Session::Session(const std::string& connection_string) {
    // What comes later wins: the connection string may set a timeout of its own, but no encoding.
    const std::array keywords{"connect_timeout", "fallback_application_name", "dbname",
                              "client_encoding", static_cast<const char*>(nullptr)};
    const std::array values{"10", "penstock", connection_string.c_str(), "UTF8",
                            static_cast<const char*>(nullptr)};
    connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        throw Exception(ErrorKind::kUnavailable, "could not connect to the Penstock service",
                        trimmed(PQerrorMessage(connection_.get())));
    }
    PQsetNoticeProcessor(connection_.get(), print_notice, &progress_);
}

Session::~Session() {
    if (PQtransactionStatus(connection_.get()) == PQTRANS_ACTIVE && !cancelled_at_) {
        cancel();
    }
}

Exception Session::lost() const {
    return {ErrorKind::kUnavailable, "the connection to the Penstock service was lost",
            trimmed(PQerrorMessage(connection_.get()))};
}

void Session::send(const std::string& sql, bool is_row_by_row) {
    progress_.restart();
    cancelled_at_.reset();
    if (is_interrupted()) {
        throw Interrupted{};
    }
    if (PQsendQuery(connection_.get(), sql.c_str()) == 0) {
        throw lost();
    }
    if (is_row_by_row) {
        PQsetSingleRowMode(connection_.get());
    }
}

void Session::check_interrupt() {
    if (!is_interrupted()) {
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (!cancelled_at_) {
        cancelled_at_ = now;
        cancel();
    } else if (now - *cancelled_at_ > kCancelLimit) {
        throw Interrupted{};
    }
}

void Session::wait_readable(std::chrono::milliseconds limit) {
    if (progress_.is_terminal() || cancelled_at_) {
        limit = std::min(limit, std::chrono::milliseconds(kTick));
    }
    std::array<pollfd, 2> wanted{{{PQsocket(connection_.get()), POLLIN, 0},
                                  {is_interrupted() ? -1 : interrupt_descriptor(), POLLIN, 0}}};
    ::poll(wanted.data(), wanted.size(), static_cast<int>(limit.count()));
    check_interrupt();
    if (wanted[0].revents == 0) {
        progress_.show(progress_text_);
    } else if (PQconsumeInput(connection_.get()) == 0) {
        throw lost();
    }
}

ResultPointer Session::next() {
    ResultPointer result = fetch();
    progress_.clear();
    return result;
}

ResultPointer Session::fetch() {
    check_interrupt(); // rows may stream so fast that nothing is ever waited for
    while (PQisBusy(connection_.get()) != 0) {
        wait_readable(kUnlimited);
    }
    ResultPointer result(PQgetResult(connection_.get()));
    if (PQstatus(connection_.get()) == CONNECTION_BAD) {
        throw lost();
    }
    return result;
}

std::optional<std::string> Session::next_copied() {
    check_interrupt();
    char* piece = nullptr;
    int bytes = 0;
    while ((bytes = PQgetCopyData(connection_.get(), &piece, 1)) == 0) {
        wait_readable(kUnlimited);
    }
    progress_.clear();
    if (bytes < 0) {
        return std::nullopt;
    }
    const std::unique_ptr<char, decltype(&PQfreemem)> owned(piece, &PQfreemem);
    return std::string(piece, static_cast<std::size_t>(bytes));
}

void Session::cancel() noexcept try {
    CancelRequest request(PQgetCancel(connection_.get()), &PQfreeCancel);
    if (request) {
        std::promise<void> done;
        const std::future<void> is_sent = done.get_future();
        std::thread(send_cancellation, std::move(request), std::move(done)).detach();
        is_sent.wait_for(kCancelLimit);
    }
} catch (const std::exception&) { // no thread to be had: nothing to wait for
    cancelled_at_ = std::chrono::steady_clock::time_point{};
}

ResultPointer Session::run(const std::string& sql, const std::vector<std::string>& parameters) {
    cancelled_at_.reset();
    if (is_interrupted()) {
        throw Interrupted{};
    }
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const std::string& parameter : parameters) {
        values.push_back(parameter.c_str());
    }
    if (PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                          values.data(), nullptr, nullptr, 0) == 0) {
        throw lost();
    }
    ResultPointer last;
    for (ResultPointer result = fetch(); result; result = fetch()) {
        last = std::move(result);
    }
    const ExecStatusType status = PQresultStatus(last.get());
    if (is_interrupted()) {
        throw Interrupted{};
    }
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        const auto field = [&last](int code) {
            const char* text = PQresultErrorField(last.get(), code);
            return std::string(text == nullptr ? "" : text);
        };
        Error error = Error::make(ErrorKind::kRemote, field(PG_DIAG_MESSAGE_PRIMARY),
                                  field(PG_DIAG_MESSAGE_DETAIL), field(PG_DIAG_MESSAGE_HINT));
        error.sqlstate = field(PG_DIAG_SQLSTATE);
        throw Exception(error);
    }
    return last;
}

bool Session::collect_notifications() {
    bool is_notified = false;
    while (PGnotify* notification = PQnotifies(connection_.get())) {
        if (notifications_.size() < kMostNotifications &&
            std::string_view(notification->relname) == "connection_state") {
            notifications_.emplace_back(notification->extra);
        }
        PQfreemem(notification);
        is_notified = true;
    }
    return is_notified;
}

std::vector<std::string> Session::take_notifications() {
    (void)collect_notifications();
    return std::exchange(notifications_, {});
}

bool Session::is_in_block() const noexcept {
    return PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
}

bool Session::is_in_failed_block() const noexcept {
    return PQtransactionStatus(connection_.get()) == PQTRANS_INERROR;
}

bool Session::wait_for_notification(std::chrono::steady_clock::time_point deadline) {
    // All that are there count as one: a thousand transitions are one look at the table.
    while (!collect_notifications()) {
        if (is_interrupted()) {
            throw Interrupted{};
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) {
            return false;
        }
        wait_readable(left);
    }
    return true;
}

} // namespace penstock::query
