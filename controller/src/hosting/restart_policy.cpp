#include "hosting/restart_policy.hpp"

#include <algorithm>

namespace penstock::hosting {

std::optional<std::chrono::milliseconds> RestartPolicy::note_exit(TimePoint started,
                                                                  TimePoint ended) {
    if (ended - started >= kWindow) {
        reset();
    }
    next_shortage_delay_ = kFirstDelay;
    recent_exits_.push_back(ended);
    while (ended - recent_exits_.front() > kWindow) {
        recent_exits_.pop_front();
    }
    if (recent_exits_.size() >= kExitsInWindow) {
        return std::nullopt;
    }
    const auto delay = next_delay_;
    next_delay_ = std::min(next_delay_ * 2, kLongestDelay);
    return delay;
}

std::chrono::milliseconds RestartPolicy::note_shortage() {
    const auto delay = next_shortage_delay_;
    next_shortage_delay_ = std::min(delay * 2, kLongestShortageDelay);
    return delay;
}

void RestartPolicy::reset() {
    recent_exits_.clear();
    next_delay_ = next_shortage_delay_ = kFirstDelay;
}

} // namespace penstock::hosting
