#include "query/interrupt.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

// PostgreSQL's client headers last: their macros are not for other people's headers.
extern "C" {
#include <postgres_fe.h>

#include <fe_utils/print.h>
}

namespace penstock::query {
namespace {

/// An interrupt comes again and again, so that no write that began after it blocks for good.
constexpr unsigned kAlarmSeconds = 1;

volatile std::sig_atomic_t interrupted = 0;
int ends[2] = {-1, -1}; ///< of a pipe: what wakes a poll() that began after the flag was looked at

void note_interrupt(int /*signal*/) {
    interrupted = 1;
    cancel_pressed = 1; // psql's printer looks at it between rows
    const int saved = errno;
    (void)!::write(ends[1], "", 1); // a full pipe is readable, too
    ::alarm(kAlarmSeconds);
    errno = saved;
}

struct sigaction old_interrupt;
struct sigaction old_terminate;
struct sigaction old_pipe;
struct sigaction old_alarm;

void set_handler(int signal, void (*handler)(int), struct sigaction& old) {
    struct sigaction action{};
    action.sa_handler = handler; // no SA_RESTART: a waiting poll() returns at once
    sigemptyset(&action.sa_mask);
    ::sigaction(signal, &action, &old);
}

} // namespace

InterruptGuard::InterruptGuard() {
    interrupted = 0;
    cancel_pressed = 0;
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        ends[0] = ends[1] = -1; // a signal still ends a poll that has begun
    }
    set_handler(SIGINT, note_interrupt, old_interrupt);
    set_handler(SIGTERM, note_interrupt, old_terminate);
    set_handler(SIGALRM, note_interrupt, old_alarm);
    set_handler(SIGPIPE, SIG_IGN, old_pipe);
}

InterruptGuard::~InterruptGuard() {
    ::alarm(0);
    ::sigaction(SIGINT, &old_interrupt, nullptr);
    ::sigaction(SIGTERM, &old_terminate, nullptr);
    ::sigaction(SIGALRM, &old_alarm, nullptr);
    ::sigaction(SIGPIPE, &old_pipe, nullptr);
    for (int& end : ends) {
        if (end >= 0) {
            ::close(end);
        }
        end = -1;
    }
}

bool is_interrupted() noexcept {
    return interrupted != 0;
}

int interrupt_descriptor() noexcept {
    return ends[0];
}

} // namespace penstock::query
