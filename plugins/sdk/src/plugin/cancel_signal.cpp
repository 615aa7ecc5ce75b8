#include "cancel_signal.hpp"

#include "current_error.hpp"

#include <sys/eventfd.h>

namespace penstock {

CancelSignal::CancelSignal() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!event_.is_open()) {
        throw Exception(system_error("make an eventfd"));
    }
}

void CancelSignal::raise() noexcept {
    is_raised_.store(true, std::memory_order_relaxed);
    // Fails only when the counter is full, and then it is readable already.
    (void)!eventfd_write(event_.get(), 1);
}

} // namespace penstock
