#include "pg/schema_cache.hpp"

namespace penstock::pg {

namespace {

/// Not removed when forgotten: another age counts as not there.
struct Entry {
    Oid schema; ///< key
    SchemaStanding standing;
    std::uint64_t age;
};

constexpr long kExpectedSchemas = 256;

HTAB* entries = nullptr; ///< by schema; lives as long as the backend
std::uint64_t current_age = 1;
/// Known before any row is read that an entry is made from: a signal from then on is recognised.
Oid signal_relation = InvalidOid;
void (*changed)() = nullptr;

void forget_all() {
    ++current_age;
    signal_relation = InvalidOid;
    changed();
}

void relation_changed(Datum /*unused*/, Oid relation) {
    if (relation == InvalidOid || relation == signal_relation) {
        forget_all();
    }
}

void namespace_changed(Datum /*unused*/, int /*cache*/, uint32 /*hash*/) {
    forget_all();
}

void make_entries() {
    HASHCTL layout = {};
    layout.keysize = sizeof(Oid);
    layout.entrysize = sizeof(Entry);
    entries = hash_create("Penstock schemas", kExpectedSchemas, &layout, HASH_ELEM | HASH_BLOBS);
}

} // namespace

void start_schema_cache(void (*on_change)()) {
    changed = on_change;
    CacheRegisterRelcacheCallback(relation_changed, 0);
    CacheRegisterSyscacheCallback(NAMESPACEOID, namespace_changed, 0);
}

SchemaStanding standing_of(Oid schema) {
    if (schema < FirstNormalObjectId) {
        return SchemaStanding::kNotOurs; // the server's own
    }
    if (entries == nullptr) {
        return SchemaStanding::kUnknown;
    }
    const auto* entry = static_cast<Entry*>(hash_search(entries, &schema, HASH_FIND, nullptr));
    return entry != nullptr && entry->age == current_age ? entry->standing
                                                         : SchemaStanding::kUnknown;
}

std::uint64_t schema_cache_age() {
    if (!OidIsValid(signal_relation)) {
        signal_relation = get_relname_relid("state_signal", get_namespace_oid("penstock", true));
    }
    return current_age;
}

void remember_schema(Oid schema, SchemaStanding standing, std::uint64_t age) {
    if (entries == nullptr) {
        make_entries();
    }
    if (age != current_age) {
        return;
    }
    bool is_found = false;
    auto* entry = static_cast<Entry*>(hash_search(entries, &schema, HASH_ENTER, &is_found));
    entry->standing = standing;
    entry->age = age;
}

} // namespace penstock::pg
