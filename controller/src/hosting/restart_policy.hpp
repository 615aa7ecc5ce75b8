#pragma once

#include <chrono>
#include <deque>
#include <optional>

namespace penstock::hosting {

/// When a plugin that ended by itself is started again: after 100 ms doubling to 60 s; not at all
/// after five exits within 60 s. A run of 60 s pays all debts. One that could not be started for
/// want of descriptors or memory is not to blame: it is tried for ever, at least every 5 s. Pure:
/// the clock is passed in.
class RestartPolicy {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// Returns: how long to wait before the next start; nullopt = give up until reset().
    [[nodiscard]] std::optional<std::chrono::milliseconds> note_exit(TimePoint started,
                                                                     TimePoint ended);
    /// Returns: how long to wait before the next start.
    [[nodiscard]] std::chrono::milliseconds note_shortage();
    void reset();

  private:
    std::deque<TimePoint> recent_exits_;
    std::chrono::milliseconds next_delay_ = kFirstDelay;
    std::chrono::milliseconds next_shortage_delay_ = kFirstDelay;

    static constexpr std::chrono::milliseconds kFirstDelay{100};
    static constexpr std::chrono::milliseconds kLongestDelay{60'000};
    static constexpr std::chrono::milliseconds kLongestShortageDelay{5'000};
    static constexpr std::chrono::milliseconds kWindow{60'000};
    static constexpr std::size_t kExitsInWindow = 5;
};

} // namespace penstock::hosting
