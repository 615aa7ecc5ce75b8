#pragma once

#include <chrono>
#include <string>

namespace penstock::query {

/// A line on standard error that shows that something goes on. Only when standard error is a
/// terminal and the work has taken longer than a second; leaves nothing behind.
class Progress {
  public:
    Progress();
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Is there anybody to show it to?
    [[nodiscard]] bool is_terminal() const noexcept { return is_terminal_; }
    /// Draws the next picture. Cheap enough for every turn of a waiting loop.
    void show(const std::string& text);
    /// Takes the line away, before anything else is printed.
    void clear();
    /// A new piece of work: the second begins anew.
    void restart();

  private:
    bool is_terminal_;
    bool is_shown_ = false;
    std::size_t picture_ = 0;
    std::chrono::steady_clock::time_point started_;
    std::chrono::steady_clock::time_point drawn_;
};

} // namespace penstock::query
