#include "waiting/table_wait.hpp"

#include <algorithm>
#include <cstring>

#include "pg/boundary.hpp"
#include "pg/load_lock.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(penstock_signal_state);
PG_FUNCTION_INFO_V1(penstock_wait_for);
PG_FUNCTION_INFO_V1(penstock_hold_load_lock);
PG_FUNCTION_INFO_V1(penstock_release_load_lock);
}

namespace penstock::waiting {
namespace {

std::int64_t milliseconds_of(const Interval* interval) {
    constexpr std::int64_t kMonthMs = std::int64_t{30} * 24 * 60 * 60 * 1000;
    constexpr std::int64_t kDayMs = std::int64_t{24} * 60 * 60 * 1000;
    // Far below what an int64 of microseconds can hold.
    const std::int64_t most = std::int64_t{100} * 365 * kDayMs;
    const std::int64_t time_ms =
        interval->time / 1000 + interval->day * kDayMs + interval->month * kMonthMs;
    return std::clamp<std::int64_t>(time_ms, 0, most);
}

[[noreturn]] void raise_unknown(const char* name) {
    pg::raise(ERRCODE_UNDEFINED_OBJECT, psprintf("connection \"%s\" does not exist", name), nullptr,
              "Table penstock.connection_state lists all connections.");
}

[[noreturn]] void raise_never_ready(const char* name, const char* state) {
    pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
              psprintf("connection \"%s\" is %s", name, state), "It will not become ready.",
              nullptr);
}

} // namespace
} // namespace penstock::waiting

using namespace penstock;

/// Trigger of connection_state: tells every backend to forget what it knows of schemas, when this
/// transaction commits.
Datum penstock_signal_state(PG_FUNCTION_ARGS) {
    if (!CALLED_AS_TRIGGER(fcinfo)) {
        pg::raise(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                  "function \"signal_state\" is called by a trigger only", nullptr, nullptr);
    }
    const Oid relation = get_relname_relid("state_signal", get_namespace_oid("penstock", false));
    if (OidIsValid(relation)) {
        CacheInvalidateRelcacheByRelid(relation);
    }
    return PointerGetDatum(nullptr);
}

/// penstock.wait_for(name text, timeout interval) returns text
Datum penstock_wait_for(PG_FUNCTION_ARGS) {
    const char* name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    const std::int64_t timeout_ms = waiting::milliseconds_of(PG_GETARG_INTERVAL_P(1));
    const waiting::Wanted all = {nullptr, 0, nullptr, 0, true, false};
    // A longer name is no schema's, and get_namespace_oid() takes none.
    const Oid schema = std::strlen(name) < NAMEDATALEN ? get_namespace_oid(name, true) : InvalidOid;
    const char* state =
        waiting::wait_for_tables(name, schema, &all, GetCurrentTimestamp(), timeout_ms);
    if (state == nullptr) {
        waiting::raise_unknown(name);
    }
    if (std::strcmp(state, "ready") != 0) {
        waiting::raise_never_ready(name, state);
    }
    PG_RETURN_TEXT_P(cstring_to_text(state));
}

/// penstock.hold_load_lock(schema name) returns oid: null when there is no such schema
Datum penstock_hold_load_lock(PG_FUNCTION_ARGS) {
    const Oid schema = get_namespace_oid(NameStr(*PG_GETARG_NAME(0)), true);
    if (!OidIsValid(schema)) {
        PG_RETURN_NULL();
    }
    pg::hold_load_lock(schema);
    PG_RETURN_OID(schema);
}

/// penstock.release_load_lock(schema oid) returns bool
Datum penstock_release_load_lock(PG_FUNCTION_ARGS) {
    PG_RETURN_BOOL(pg::release_load_lock(PG_GETARG_OID(0)));
}
