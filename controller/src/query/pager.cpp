#include "query/pager.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace penstock::query {
namespace {

void do_nothing(int /*signal*/) {}

} // namespace

bool can_page() {
    const char* program = std::getenv("PSQL_PAGER");
    if (program == nullptr) {
        program = std::getenv("PAGER");
    }
    const bool is_blank = program != nullptr &&
                          std::string(program).find_first_not_of(" \t\r\n") == std::string::npos;
    return !is_blank && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
}

PagerGuard::PagerGuard(bool is_paging) : is_paging_(is_paging) {
    if (is_paging_) {
        struct sigaction action{};
        // A handler, not SIG_IGN: that would stay in force in the pager, too.
        action.sa_handler = do_nothing;
        action.sa_flags = SA_RESTART;
        sigemptyset(&action.sa_mask);
        ::sigaction(SIGINT, &action, &old_interrupt_);
    }
}

PagerGuard::~PagerGuard() {
    if (is_paging_) {
        ::sigaction(SIGINT, &old_interrupt_, nullptr);
    }
}

} // namespace penstock::query
