#pragma once

#include <chrono>
#include <cstdint>

namespace penstock::hosting {

/// When a plugin process is asked for a sign of life, and when its silence means that it hangs.
///
/// The SDK answers a ping from the thread that does nothing else, so a plugin that is busy, or
/// waits for its source, answers; one that was stopped, or whose process is stuck as a whole, does
/// not. Lost is only one that was silent at several beats in a row: when it is *we* who slept (a
/// laptop, SIGSTOP), the first beat afterwards comes before what was answered meanwhile is read.
/// Pure: the clock is passed in.
class Pulse {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;

    /// Beats without a sign of life that make it lost. Chosen: the fewest that also tell a long
    /// pause of the machine from silence.
    static constexpr int kSilentBeats = 3;

    /// `limit`: how long silence lasts at least before it counts; a third of it goes from beat to
    /// beat.
    explicit Pulse(std::chrono::milliseconds limit) : period_(Duration(limit) / kSilentBeats) {}

    /// The same instants for every process with this limit, so that many of them wake an idle
    /// machine no more often than one does.
    [[nodiscard]] TimePoint next_beat(TimePoint now) const {
        return TimePoint((now.time_since_epoch() / period_ + 1) * period_);
    }

    /// One beat. `heard_count` only ever grows, by what was heard. True: nothing was heard since
    /// the first ping that the last kSilentBeats beats each found unanswered.
    [[nodiscard]] bool is_lost(std::uint64_t heard_count) {
        const bool is_silent = was_asked_ && heard_count == heard_count_;
        silent_beats_ = is_silent ? silent_beats_ + 1 : 0;
        heard_count_ = heard_count;
        was_asked_ = true;
        return silent_beats_ >= kSilentBeats;
    }

  private:
    Duration period_;
    std::uint64_t heard_count_ = 0;
    int silent_beats_ = 0;
    bool was_asked_ = false;
};

} // namespace penstock::hosting
