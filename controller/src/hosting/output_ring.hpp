#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::hosting {

/// The newest bytes of what a plugin wrote to its standard output and error.
///
/// A plugin that floods stderr costs this much memory and no more. Threads: one.
class OutputRing {
  public:
    static constexpr std::size_t kDefaultBytes = 64U << 10;

    explicit OutputRing(std::size_t capacity_bytes = kDefaultBytes)
        : capacity_bytes_(capacity_bytes) {}

    /// Takes bytes as they come off the pipe.
    /// Returns: the lines that they complete, without their line feed; one that is longer than the
    /// ring is cut.
    std::vector<std::string> append(std::string_view bytes);

    /// The last lines, the unfinished one included, oldest first; control characters as '?'.
    [[nodiscard]] std::vector<std::string> last_lines(std::size_t count) const;

  private:
    std::size_t capacity_bytes_;
    std::string kept_;
    std::string unfinished_;
};

} // namespace penstock::hosting
