#pragma once

#include "pg/lookup_headers.hpp"

namespace penstock::pg {

/// Runs `work(argument)` in a memory context of its own with `*is_running` set, and clears both on
/// every way out. The context is a child of the transaction's: callers may be in one that is not
/// theirs. `*is_running` is false before.
void run_once(bool* is_running, void (*work)(void*), void* argument);

} // namespace penstock::pg
