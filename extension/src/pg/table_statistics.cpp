#include "pg/table_statistics.hpp"

#include <algorithm>
#include <iterator>

#include "pg/compat.hpp"

namespace penstock::pg {

int stat_table_max = 5000;

namespace {

constexpr const char* kName = "penstock_tables";
/// Locks; each is held for one look at one set, or for one walk through the sets that it covers.
/// Chosen: more than processors scan tables at the same instant.
constexpr int kPartitions = 64;
/// Entries that a table may be in. A set is looked through from one end to the other.
constexpr int kSetSize = 16;
/// Room for each table that is promised. With half of the entries free, tables that happen to share
/// a set fill it rarely (1 set in 250).
constexpr int kEntriesOfTable = 2;

struct Entry {
    Oid database; ///< InvalidOid = free
    Oid relation;
    TableStatistics statistics;
};

struct EntrySet {
    Entry entries[kSetSize];
};

/// The shared memory. Sets are numbered by a hash of database and table; partition
/// `set % kPartitions` protects it. Nothing is allocated after the start and nobody waits for more
/// than a walk through a few sets.
struct Shared {
    pg_atomic_uint64 evicted;
    int set_count;
    EntrySet sets[FLEXIBLE_ARRAY_MEMBER];
};

Shared* shared = nullptr;
LWLockPadded* locks = nullptr;
shmem_startup_hook_type next_startup_hook = nullptr;

int needed_sets() {
    return (stat_table_max * kEntriesOfTable + kSetSize - 1) / kSetSize;
}

Size needed_bytes() {
    return add_size(offsetof(Shared, sets), mul_size(sizeof(EntrySet), needed_sets()));
}

void request_memory() {
    RequestAddinShmemSpace(needed_bytes());
    RequestNamedLWLockTranche(kName, kPartitions);
}

void start_memory() {
    if (next_startup_hook != nullptr) {
        next_startup_hook();
    }
    bool is_found = false;
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    shared = static_cast<Shared*>(ShmemInitStruct(kName, needed_bytes(), &is_found));
    if (!is_found) {
        memset(static_cast<void*>(shared), 0, needed_bytes());
        shared->set_count = needed_sets();
        pg_atomic_init_u64(&shared->evicted, 0);
    }
    locks = GetNamedLWLockTranche(kName);
    LWLockRelease(AddinShmemInitLock);
}

int set_of(Oid database, Oid relation) {
    const uint32 hash = hash_combine(murmurhash32(database), murmurhash32(relation));
    return static_cast<int>(hash % static_cast<uint32>(shared->set_count));
}

LWLock* lock_of(int set) {
    return &locks[set % kPartitions].lock;
}

Entry* find_entry(int set, Oid database, Oid relation) {
    for (Entry& entry : shared->sets[set].entries) {
        if (entry.database == database && entry.relation == relation) {
            return &entry;
        }
    }
    return nullptr;
}

void start_entry(Entry* entry, Oid database, Oid relation, TimestampTz now) {
    *entry = {};
    entry->database = database;
    entry->relation = relation;
    entry->statistics.since = now;
    entry->statistics.observed_rows = kNotObserved;
}

/// The table's entry; made in the place of a free one, or of the one that was scanned longest ago.
/// The caller holds the set's lock.
Entry* enter(int set, Oid relation, TimestampTz now) {
    Entry* found = find_entry(set, MyDatabaseId, relation);
    if (found != nullptr) {
        return found;
    }
    found = find_entry(set, InvalidOid, InvalidOid);
    if (found == nullptr) {
        found = std::min_element(std::begin(shared->sets[set].entries),
                                 std::end(shared->sets[set].entries),
                                 [](const Entry& left, const Entry& right) {
                                     return left.statistics.last_scan < right.statistics.last_scan;
                                 });
        pg_atomic_fetch_add_u64(&shared->evicted, 1);
    }
    start_entry(found, MyDatabaseId, relation, now);
    return found;
}

void add(TableStatistics* sums, const ScanCounts& counts) {
    sums->scans += static_cast<int>(counts.is_scan);
    sums->cached_scans += static_cast<int>(counts.is_scan && counts.is_cached);
    sums->errors += static_cast<int>(counts.is_failed);
    sums->cancelled += static_cast<int>(counts.is_scan && counts.is_cancelled);
    sums->requests += counts.requests;
    sums->rows += counts.rows;
    sums->bytes += counts.bytes;
    sums->source_bytes += counts.source_bytes;
    if (counts.is_scan) {
        sums->total_ms += counts.total_ms;
        sums->longest_ms = Max(sums->longest_ms, counts.total_ms);
    }
    if (counts.is_scan && counts.first_row_ms >= 0) {
        ++sums->first_rows;
        sums->first_row_ms += counts.first_row_ms;
    }
    if (counts.observed_rows != kNotObserved) {
        sums->observed_rows = counts.observed_rows;
        sums->observed_at = counts.ended_at;
    }
    sums->last_scan = Max(sums->last_scan, counts.ended_at);
}

/// Neither the memory nor its locks can be used: not preloaded, or not a process with a database.
bool is_out_of_reach() {
    return shared == nullptr || MyProc == nullptr || !OidIsValid(MyDatabaseId);
}

/// Calls `visit` for each entry of `partition`, whose lock is held.
template <typename Visit>
void visit_partition(int partition, const Visit& visit) {
    for (int set = partition; set < shared->set_count; set += kPartitions) {
        for (Entry& entry : shared->sets[set].entries) {
            if (OidIsValid(entry.database)) {
                visit(&entry);
            }
        }
    }
}

/// The entries of a partition as they are. `copies` has room for all of them.
int copy_partition(int partition, Entry* copies) {
    int count = 0;
    LWLockAcquire(lock_of(partition), LW_SHARED);
    visit_partition(partition, [&](const Entry* entry) { copies[count++] = *entry; });
    LWLockRelease(lock_of(partition));
    return count;
}

/// For good: a drop of the caller's own may still be rolled back.
bool is_gone(const Entry* entry) {
    if (TransactionIdIsValid(GetTopTransactionIdIfAny())) {
        return false;
    }
    if (entry->database != MyDatabaseId) {
        return !SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(entry->database));
    }
    return !SearchSysCacheExists1(RELOID, ObjectIdGetDatum(entry->relation));
}

/// Unless it was scanned since it was copied: then it is not gone at all.
void forget(const Entry* copy) {
    const int set = set_of(copy->database, copy->relation);
    LWLockAcquire(lock_of(set), LW_EXCLUSIVE);
    Entry* entry = find_entry(set, copy->database, copy->relation);
    if (entry != nullptr && entry->statistics.last_scan == copy->statistics.last_scan) {
        *entry = {};
    }
    LWLockRelease(lock_of(set));
}

} // namespace

void install_table_statistics() {
    if (!process_shared_preload_libraries_in_progress) {
        return;
    }
    on_shared_memory_request(request_memory);
    next_startup_hook = shmem_startup_hook;
    shmem_startup_hook = start_memory;
}

bool has_table_statistics() {
    return shared != nullptr;
}

void add_scan(Oid relation, const ScanCounts& counts) noexcept {
    if (is_out_of_reach()) {
        return;
    }
    const int set = set_of(MyDatabaseId, relation);
    LWLockAcquire(lock_of(set), LW_EXCLUSIVE);
    add(&enter(set, relation, counts.ended_at)->statistics, counts);
    LWLockRelease(lock_of(set));
}

void observe_rows(Oid relation, int64 rows) noexcept {
    ScanCounts counts = {};
    counts.observed_rows = rows;
    counts.ended_at = GetCurrentTimestamp();
    add_scan(relation, counts);
}

int64 observed_rows(Oid relation) {
    if (is_out_of_reach()) {
        return kNotObserved;
    }
    const int set = set_of(MyDatabaseId, relation);
    LWLockAcquire(lock_of(set), LW_SHARED);
    const Entry* entry = find_entry(set, MyDatabaseId, relation);
    const int64 rows = entry == nullptr ? kNotObserved : entry->statistics.observed_rows;
    LWLockRelease(lock_of(set));
    return rows;
}

void read_table_statistics(void (*visit)(const TableStatisticsRow* row, void* context),
                           void* context) {
    const int most = (shared->set_count / kPartitions + 1) * kSetSize;
    auto* copies = static_cast<Entry*>(
        MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(Entry), most)));
    for (int partition = 0; partition < kPartitions; ++partition) {
        const int count = copy_partition(partition, copies);
        for (const Entry* entry = copies; entry != copies + count; ++entry) {
            if (is_gone(entry)) {
                forget(entry);
            } else if (entry->database == MyDatabaseId) {
                const TableStatisticsRow row = {entry->relation, entry->statistics};
                visit(&row, context);
            }
        }
    }
    pfree(copies);
}

void reset_table_statistics(Oid relation) {
    const TimestampTz now = GetCurrentTimestamp();
    for (int partition = 0; partition < kPartitions; ++partition) {
        LWLockAcquire(lock_of(partition), LW_EXCLUSIVE);
        visit_partition(partition, [&](Entry* entry) {
            if (entry->database == MyDatabaseId &&
                (!OidIsValid(relation) || entry->relation == relation)) {
                start_entry(entry, MyDatabaseId, entry->relation, now);
            }
        });
        LWLockRelease(lock_of(partition));
    }
}

StatisticsRoom read_statistics_room() {
    StatisticsRoom room = {};
    for (int partition = 0; partition < kPartitions; ++partition) {
        LWLockAcquire(lock_of(partition), LW_SHARED);
        visit_partition(partition, [&](const Entry*) { ++room.tables; });
        LWLockRelease(lock_of(partition));
    }
    room.evicted = static_cast<int64>(pg_atomic_read_u64(&shared->evicted));
    return room;
}

} // namespace penstock::pg
