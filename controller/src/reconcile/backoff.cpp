#include "reconcile/reconcile.hpp"

namespace penstock::reconcile {

namespace {
constexpr std::int64_t kFirstDelayMs = 1000;
constexpr std::int64_t kLongestDelayMs = 30000;
} // namespace

std::int64_t backoff_ms(int attempts) noexcept {
    if (attempts <= 0) {
        return 0;
    }
    std::int64_t delay = kFirstDelayMs;
    for (int done = 1; done < attempts && delay < kLongestDelayMs; ++done) {
        delay *= 2;
    }
    return delay < kLongestDelayMs ? delay : kLongestDelayMs;
}

} // namespace penstock::reconcile
