#pragma once

#include "reconcile/state.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::reconcile {

/// The one thing to do next for one connection. The service does it and asks again:
/// level-triggered, so an event in the middle of a step needs no queue and nothing is lost.
enum class StepKind : std::uint8_t {
    kCreate,       ///< insert the row as pending, with its empty schema
    kUpdateRow,    ///< same state; file position, plugin, type, children … changed
    kFetch,        ///< ask the plugin what it offers (configure, then describe)
    kMarkUpdating, ///< pending, ready, error → updating: work on the schema begins
    kApply,        ///< updating: make the schema as wanted, by difference, → ready at the end
    kMarkReady,    ///< pending → ready: the live schema is already right
    kMarkUnloaded, ///< pending, updating → ready: the schema is empty, as wanted
    kComment,      ///< ready: the comments are missing (a crash came between kApply and them)
    kMarkPending,  ///< disabled, deleting → pending: configured again
    kSetError,     ///< → error, with `error`, `attempts` and `retry_in_ms`
    kDisable,      ///< drop tables and schema, → disabled
    kMarkDeleting, ///< any → deleting
    kDrop,         ///< deleting: drop tables and schema; the row goes last
};

struct Step {
    StepKind kind;
    std::string connection;
    std::string error{};            ///< kSetError
    std::int64_t not_before_ms = 0; ///< steady_clock, as `next_attempt_ms`; 0 = at once (backoff)
    int attempts = 0;             ///< kSetError: for StateChange::attempts; 0 = no attempt follows
    std::int64_t retry_in_ms = 0; ///< kSetError: for StateChange::retry_in_ms
    friend bool operator==(const Step&, const Step&) = default;
};

/// Desired + actual + offers → at most one step for each connection, none for those that are as
/// they should be. Ordered: by the rank of `search_path_order` for the first connection of each
/// plugin, then by name. Pure: the same input gives the same steps.
[[nodiscard]] std::vector<Step> reconcile(const Desired& desired, const Actual& actual,
                                          const Offers& offers,
                                          const std::vector<std::string>& search_path_order);

/// Delay before attempt number `attempts` + 1: 1 s doubling to 30 s; 0 for attempts = 0.
[[nodiscard]] std::int64_t backoff_ms(int attempts) noexcept;

} // namespace penstock::reconcile
