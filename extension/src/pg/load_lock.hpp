#pragma once

#include "pg/lookup_headers.hpp"

/// The lock that stands for "the tables of this schema are being made": a heavyweight lock, so
/// that who waits for it is seen by the deadlock detector, lock_timeout and pg_locks. In pg_locks:
/// locktype object, classid pg_namespace, objid the schema, objsubid 1 (the server's own locks on
/// schemas have 0). Its method is that of advisory locks, whose functions cannot reach it.
namespace penstock::pg {

/// For the loader: takes the lock exclusively for the session, over its transactions.
void hold_load_lock(Oid schema);
/// False: this session did not hold it.
bool release_load_lock(Oid schema);

/// Waits until no loader holds the lock. At most `most_ms`
/// (> 0): then raises by calling `raise_late(context)`. Raises what interrupts, lock_timeout and
/// the deadlock detector raise; of lock_timeout `lock_timeout_left_ms` are left (0: there is none).
void wait_for_load_lock(Oid schema, int most_ms, int lock_timeout_left_ms,
                        void (*raise_late)(void*), void* context);

} // namespace penstock::pg
