#pragma once

namespace penstock::query {

/// Ctrl-C (and TERM) during queries: the handler only notes it, the waiting loop acts, and a write
/// that blocks ends with EINTR. The one object restores the old handlers at its end. SIGPIPE is
/// ignored while it lives.
class InterruptGuard {
  public:
    InterruptGuard();
    ~InterruptGuard();
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;
};

[[nodiscard]] bool is_interrupted() noexcept;

/// Becomes readable, and stays so, with the first interrupt: to be polled beside a socket, so that
/// no interrupt is missed however long the poll. -1 without a guard.
[[nodiscard]] int interrupt_descriptor() noexcept;

} // namespace penstock::query
