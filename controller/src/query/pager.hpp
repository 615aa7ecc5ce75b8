#pragma once

#include <csignal>

namespace penstock::query {

/// Would psql page here? Standard input and output are terminals, and $PSQL_PAGER, else $PAGER, is
/// not blank; without either it is the system's pager.
[[nodiscard]] bool can_page();

/// While something may run in a pager, Ctrl-C is the pager's.
class PagerGuard {
  public:
    /// `is_paging`: false does nothing.
    explicit PagerGuard(bool is_paging);
    ~PagerGuard();
    PagerGuard(const PagerGuard&) = delete;
    PagerGuard& operator=(const PagerGuard&) = delete;

  private:
    bool is_paging_;
    struct sigaction old_interrupt_{};
};

} // namespace penstock::query
