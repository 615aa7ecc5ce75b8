#include "side_by_side.hpp"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace penstock {

void run_side_by_side(std::size_t count, std::size_t at_once,
                      const std::function<void(std::size_t)>& run) {
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t index = next++; index < count; index = next++) {
            run(index);
        }
    };
    std::vector<std::thread> helpers;
    helpers.reserve(std::min(count, at_once));
    try {
        while (helpers.size() + 1 < std::min(count, at_once)) {
            helpers.emplace_back(work);
        }
    } catch (const std::system_error&) { // NOLINT(bugprone-empty-catch): those there are suffice
    }
    work();
    for (std::thread& helper : helpers) {
        helper.join();
    }
}

} // namespace penstock
