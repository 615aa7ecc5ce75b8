#include "query/interrupt.hpp"

#include <csignal>

namespace penstock::query {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void note_interrupt(int /*signal*/) {
    interrupted = 1;
}

struct sigaction old_interrupt;
struct sigaction old_terminate;
struct sigaction old_pipe;

void set_handler(int signal, void (*handler)(int), struct sigaction& old) {
    struct sigaction action{};
    action.sa_handler = handler; // no SA_RESTART: a waiting poll() returns at once
    sigemptyset(&action.sa_mask);
    ::sigaction(signal, &action, &old);
}

} // namespace

InterruptGuard::InterruptGuard() {
    interrupted = 0;
    set_handler(SIGINT, note_interrupt, old_interrupt);
    set_handler(SIGTERM, note_interrupt, old_terminate);
    set_handler(SIGPIPE, SIG_IGN, old_pipe);
}

InterruptGuard::~InterruptGuard() {
    ::sigaction(SIGINT, &old_interrupt, nullptr);
    ::sigaction(SIGTERM, &old_terminate, nullptr);
    ::sigaction(SIGPIPE, &old_pipe, nullptr);
}

bool is_interrupted() noexcept {
    return interrupted != 0;
}

} // namespace penstock::query
