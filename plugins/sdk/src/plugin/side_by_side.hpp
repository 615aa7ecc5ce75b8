#pragma once

#include <cstddef>
#include <functional>

namespace penstock {

/// Calls `run` with 0 … count - 1, at most `at_once` calls at the same time, in the order of the
/// numbers. Returns when all have returned. The caller's thread is one of those that work, so a
/// single call costs no thread, and where no more threads can be had there are fewer.
/// `run` must not throw.
void run_side_by_side(std::size_t count, std::size_t at_once,
                      const std::function<void(std::size_t)>& run);

} // namespace penstock
