#pragma once

#include <cstdint>

#include "pg/lookup_headers.hpp"

/// What this backend knows of schemas, so that a lookup in a schema that is ready, or is none of
/// ours, costs one search in a hash of its own.
///
/// Nothing is shared and nothing can overflow: the cache forgets everything when a state changes.
/// The trigger on connection_state sends a relcache invalidation of the empty table
/// `penstock.state_signal`, which nobody ever opens; that is transactional (sent at commit, undone
/// by rollback) and survives crashes. Changes of pg_namespace have the same effect.
namespace penstock::pg {

enum class SchemaStanding : std::uint8_t {
    kUnknown,
    kNotOurs,   ///< no schema of a connection
    kSettled,   ///< ready, with its tables
    kUnsettled, ///< anything else: a table that is not there may still come
};

/// Registers the callbacks. `on_change` is called after each forgetting, also inside of lookups:
/// it may only set flags.
void start_schema_cache(void (*on_change)());

[[nodiscard]] SchemaStanding standing_of(Oid schema);

/// Number of forgettings so far: take it before reading what remember_schema() is told. Needs a
/// transaction.
[[nodiscard]] std::uint64_t schema_cache_age();

/// Does nothing when something was forgotten since `age`.
void remember_schema(Oid schema, SchemaStanding standing, std::uint64_t age);

} // namespace penstock::pg
