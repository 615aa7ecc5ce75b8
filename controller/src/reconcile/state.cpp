#include "reconcile/state.hpp"

#include <array>
#include <cstddef>

namespace penstock::reconcile {

namespace {

constexpr std::size_t kStateCount = 6;

/// By State.
constexpr std::array<const char*, kStateCount> kNames = {"pending", "updating", "ready",
                                                         "error",   "deleting", "disabled"};

/// kLegal[from][to], both by State; the diagonal is no transition and always allowed.
/// The same table stands in the trigger of sql/penstock--1.0.sql.
constexpr std::array<std::array<bool, kStateCount>, kStateCount> kLegal = {{
    // pending updating ready error deleting disabled
    {true, true, true, true, true, true},    // pending
    {true, true, true, true, true, true},    // updating
    {true, true, true, true, true, true},    // ready
    {true, true, false, true, true, true},   // error
    {true, false, false, false, true, true}, // deleting
    {true, false, false, false, true, true}, // disabled
}};

} // namespace

const char* name_of(State state) noexcept {
    return kNames[static_cast<std::size_t>(state)];
}

std::optional<State> state_from_text(const std::string& text) {
    for (std::size_t index = 0; index < kStateCount; ++index) {
        if (text == kNames[index]) {
            return static_cast<State>(index);
        }
    }
    return std::nullopt;
}

bool is_legal(std::optional<State> from, std::optional<State> to) noexcept {
    if (!from) {
        return !to || *to == State::kPending;
    }
    if (!to) {
        return *from == State::kDeleting;
    }
    return kLegal[static_cast<std::size_t>(*from)][static_cast<std::size_t>(*to)];
}

} // namespace penstock::reconcile
