#pragma once

#include "reconcile/state.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What to do when a statement does not find a table or column: the rules of waiting, pure. Who
/// looks, waits and runs statements again is query/waiter.hpp.
namespace penstock::query {

/// As in connection_state.state. Errors: Exception kInternal for a word that is not one of them.
[[nodiscard]] reconcile::State connection_state_from_text(const std::string& text);

/// One row of connection_state, as far as the rules need it.
struct Connection {
    std::string name;
    reconcile::State state = reconcile::State::kPending;
    std::string error; ///< the row's text; may be empty unless the state is `error`
    std::string plugin;
    bool is_dynamic = false; ///< each connection of the plugin has tables of its own
    bool is_imported = true; ///< false: lazy, its tables come when asked for
    bool may_offer = true;   ///< false: the plugin is known not to offer the missing table
    std::int64_t generation = 0;
    std::chrono::milliseconds unchanged_for{
        0}; ///< since the last transition, by the server's clock
};

/// What the database says at one moment.
struct Scene {
    std::vector<Connection> named;   ///< those that the failed statement names
    std::vector<Connection> on_path; ///< those on the search path, in its order
    int ready_count = 0;             ///< of all connections …
    int total_count = 0;             ///< … without the disabled ones
};

/// What was missing.
struct Missing {
    enum class Kind : std::uint8_t { kTable, kColumn };
    Kind kind = Kind::kTable;
    bool has_schema = false; ///< the statement gives a schema, known or not
};

/// Name → the last generation under which an attempt of the same statement is known to have failed.
using Attempted = std::map<std::string, std::int64_t>;

struct Decision {
    enum class Action : std::uint8_t {
        kGiveUp,  ///< the error itself
        kBlame,   ///< a connection in error is the reason: `connections` has it alone
        kSuspect, ///< the error itself, with a word on the connection in error that may be why
        kRetry,   ///< run the statement again now
        kWait,    ///< until something happens to `connections`, then decide anew
    };
    Action action = Action::kGiveUp;
    std::vector<Connection> connections;
};

/// A connection that became ready less than this ago may have done so after the statement failed:
/// the first interval of the controller's backoff (reconcile/backoff.cpp).
constexpr std::chrono::milliseconds kJustNow{1000};

/// The connections whose tables unqualified names can mean: the first one of each static plugin on
/// the path, all of dynamic plugins. Disabled and vanishing ones are no part of it.
[[nodiscard]] std::vector<Connection> deciding(const std::vector<Connection>& on_path);

/// After a statement failed because of `missing`.
[[nodiscard]] Decision decide(const Missing& missing, const Scene& scene,
                              const Attempted& attempted);

/// Before the first statement, when the user gave a search path: kRetry means go ahead.
[[nodiscard]] Decision decide_for_path(const Scene& scene);

/// "connection aws: updating, 212 of 480 ready"; what is waited for, in one line.
[[nodiscard]] std::string describe_wait(const std::vector<Connection>& connections,
                                        const Scene& scene);

} // namespace penstock::query
