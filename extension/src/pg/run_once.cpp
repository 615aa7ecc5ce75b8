#include "pg/run_once.hpp"

namespace penstock::pg {

void run_once(bool* is_running, void (*work)(void*), void* argument) {
    MemoryContext const own = AllocSetContextCreate(CurTransactionContext, "Penstock schema lookup",
                                                    ALLOCSET_SMALL_SIZES);
    MemoryContext const before = MemoryContextSwitchTo(own);
    ErrorContextCallback* const contexts = error_context_stack;
    *is_running = true;
    PG_TRY();
    {
        work(argument);
    }
    PG_FINALLY();
    {
        *is_running = false;
        error_context_stack = contexts;
        MemoryContextSwitchTo(before);
        // On an error it goes with the transaction: the error's own texts may still be in it.
    }
    PG_END_TRY();
    MemoryContextDelete(own);
}

} // namespace penstock::pg
