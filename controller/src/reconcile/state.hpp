#pragma once

#include "penstock/types/error.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Desired and actual state as plain values: what `reconcile` compares. No clock, no I/O.
namespace penstock::reconcile {

/// `connection_state.state`. The legal transitions are in sql/penstock--1.0.sql (the trigger) and
/// in `is_legal`; a test compares the two.
enum class State : std::uint8_t { kPending, kUpdating, kReady, kError, kDeleting, kDisabled };

[[nodiscard]] const char* name_of(State state) noexcept;
[[nodiscard]] std::optional<State> state_from_text(const std::string& text);
/// May a row go from `from` (nullopt: no row) to `to` (nullopt: row deleted)?
[[nodiscard]] bool is_legal(std::optional<State> from, std::optional<State> to) noexcept;

/// What the configuration wants of one connection.
struct DesiredConnection {
    std::string name;
    std::string plugin;
    std::string plugin_instance;
    std::string type = "plugin";           ///< plugin · aggregator
    std::vector<std::string> children;     ///< resolved
    std::string import_schema = "enabled"; ///< enabled · lazy · disabled
    std::string config_hash;
    std::string file_name;
    int start_line = 0;
    int end_line = 0;
    std::optional<std::string> error; ///< configuration error, ready to show
    /// Are its tables to be in the schema? Else it stays empty, until somebody refers to it.
    bool wants_tables = true;
};

/// What the plugin offers for one connection, as far as it is known. The service also answers a
/// kApply that failed with a kFailed offer, so one counter and one backoff serve both.
struct Offer {
    enum class Kind : std::uint8_t { kUnknown, kKnown, kFailed };
    Kind kind = Kind::kUnknown;
    std::string config_hash; ///< of the configuration it was asked with
    std::string schema_hash; ///< kKnown
    std::string error;       ///< kFailed; ready to show
    /// kFailed: failures in a row, this one included, since the last success or change of the
    /// configuration. A number above the row's `attempts` is a failure that the row does not show
    /// yet.
    int failures = 0;
    bool is_dynamic = false;
    std::size_t table_count = 0; ///< kKnown
};

/// A row of connection_state joined with the live schema.
struct ActualConnection {
    std::string name;
    State state = State::kPending;
    std::string error;
    std::string plugin;
    std::string plugin_instance;
    std::string type;
    std::vector<std::string> children;
    std::string import_schema;
    std::string config_hash; ///< what the schema was made from
    std::string schema_hash; ///< of what the schema was made from
    bool has_row = true;
    bool has_schema = false;      ///< a schema of this name exists
    bool schema_is_ours = false;  ///< and carries our marker
    bool schema_is_intact = true; ///< its live tables still are what was made (live hash)
    bool schema_is_empty = false; ///< it exists or not, but holds no foreign table
    bool is_imported = true;      ///< the tables were made; else the schema was left empty
    bool comments_set = true;
    std::string file_name;
    int start_line = 0;
    int end_line = 0;
    int attempts = 0;
    /// Time of the next attempt, milliseconds of std::chrono::steady_clock; 0 = now.
    std::int64_t next_attempt_ms = 0;
};

using Desired = std::map<std::string, DesiredConnection>;
using Actual = std::map<std::string, ActualConnection>;
using Offers = std::map<std::string, Offer>;

} // namespace penstock::reconcile
