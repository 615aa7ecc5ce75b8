#pragma once

#include "file_descriptor.hpp"

#include <atomic>

namespace penstock {

/// Tells one scan to stop: a flag to look at, and a descriptor to wait on.
/// Threads: raise() from any thread, once or often.
class CancelSignal {
  public:
    /// Errors: throws Exception kUnavailable when there are no descriptors left.
    CancelSignal();

    void raise() noexcept;
    [[nodiscard]] bool is_raised() const noexcept {
        return is_raised_.load(std::memory_order_relaxed);
    }
    /// Readable once raised.
    [[nodiscard]] int fd() const noexcept { return event_.get(); }

  private:
    std::atomic<bool> is_raised_ = false;
    FileDescriptor event_;
};

} // namespace penstock
