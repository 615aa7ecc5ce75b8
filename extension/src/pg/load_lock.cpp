#include "pg/load_lock.hpp"

#include "pg/compat.hpp"

namespace penstock::pg {

namespace {

constexpr uint16 kLoadLock = 1; ///< objsubid

LOCKTAG tag_of(Oid schema) {
    LOCKTAG tag;
    SET_LOCKTAG_OBJECT(tag, MyDatabaseId, NamespaceRelationId, schema, kLoadLock);
    // Of the other method a session loses its locks whenever a transaction of it is rolled back.
    tag.locktag_lockmethodid = USER_LOCKMETHOD;
    return tag;
}

/// The loader's own waits are short (lock_timeout 300 ms) with pauses between: a deadlock with it
/// is there and gone again, and the server looks for one only once in a wait.
TimeoutId deadlock_check() {
    static TimeoutId id = MAX_TIMEOUTS;
    if (id == MAX_TIMEOUTS) {
        id = RegisterTimeout(USER_TIMEOUT, CheckDeadLockAlert);
    }
    return id;
}

void take_and_give_back(const LOCKTAG* tag) {
    (void)LockAcquire(tag, AccessShareLock, false, false);
    (void)LockRelease(tag, AccessShareLock, false);
}

} // namespace

void hold_load_lock(Oid schema) {
    const LOCKTAG tag = tag_of(schema);
    if (!is_lock_held(&tag, AccessExclusiveLock)) { // a caller that tries again has it once
        (void)LockAcquire(&tag, AccessExclusiveLock, true, false);
    }
}

bool release_load_lock(Oid schema) {
    const LOCKTAG tag = tag_of(schema);
    return is_lock_held(&tag, AccessExclusiveLock) && LockRelease(&tag, AccessExclusiveLock, true);
}

void wait_for_load_lock(Oid schema, int most_ms, int lock_timeout_left_ms,
                        void (*raise_late)(void*), void* context) {
    const LOCKTAG tag = tag_of(schema);
    const int lock_timeout_ms = LockTimeout;
    const bool is_logged = log_lock_waits;
    const bool is_ours = lock_timeout_left_ms == 0 || most_ms < lock_timeout_left_ms;
    const TimeoutId check = deadlock_check();
    MemoryContext const context_of_caller = CurrentMemoryContext;
    volatile bool is_late = false;
    PG_TRY();
    // The server ends a lock wait by this variable, and by nothing else of ours.
    LockTimeout = is_ours ? most_ms : lock_timeout_left_ms;
    log_lock_waits = false; // each check for a deadlock would write a line
    enable_repeated_timeout(check, DeadlockTimeout);
    take_and_give_back(&tag);
    PG_CATCH();
    LockTimeout = lock_timeout_ms;
    log_lock_waits = is_logged;
    disable_timeout(check, false);
    is_late = is_ours && geterrcode() == ERRCODE_LOCK_NOT_AVAILABLE;
    if (!is_late) {
        PG_RE_THROW();
    }
    MemoryContextSwitchTo(context_of_caller);
    FlushErrorState(); // another error follows at once: nothing goes on after this one
    PG_END_TRY();
    if (is_late) {
        raise_late(context);
    }
    LockTimeout = lock_timeout_ms;
    log_lock_waits = is_logged;
    disable_timeout(check, false);
}

} // namespace penstock::pg
