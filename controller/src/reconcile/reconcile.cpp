#include "reconcile/reconcile.hpp"

#include "reconcile/walk.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

namespace penstock::reconcile {

namespace {

std::optional<Step> make_step(StepKind kind, const std::string& connection) {
    return Step{.kind = kind, .connection = connection};
}

std::optional<Step> make_step_after(StepKind kind, const ActualConnection& actual) {
    return Step{.kind = kind, .connection = actual.name, .not_before_ms = actual.next_attempt_ms};
}

bool row_is_current(const DesiredConnection& desired, const ActualConnection& actual) {
    return desired.plugin == actual.plugin && desired.plugin_instance == actual.plugin_instance &&
           desired.type == actual.type && desired.children == actual.children &&
           desired.import_schema == actual.import_schema && desired.file_name == actual.file_name &&
           desired.start_line == actual.start_line && desired.end_line == actual.end_line;
}

/// A row whose connection is not configured any more.
std::optional<Step> step_for_unwanted(const ActualConnection& actual) {
    if (!actual.has_row) {
        return std::nullopt; // a schema with our marker is listed, never dropped blindly
    }
    if (actual.state == State::kDeleting) {
        return make_step_after(StepKind::kDrop, actual);
    }
    return make_step(StepKind::kMarkDeleting, actual.name);
}

/// What no attempt can cure: only a change of the configuration or of the database does.
std::optional<std::string> lasting_error(const DesiredConnection& desired,
                                         const ActualConnection& actual) {
    if (desired.error) {
        return desired.error;
    }
    if (actual.has_schema && !actual.schema_is_ours) {
        return "schema \"" + desired.name + "\" exists and does not belong to Penstock";
    }
    return std::nullopt;
}

std::optional<Step> step_for_lasting_error(const ActualConnection& actual,
                                           const std::string& error) {
    if (actual.state == State::kError && actual.error == error) {
        return std::nullopt;
    }
    Step step{.kind = StepKind::kSetError, .connection = actual.name, .error = error};
    return step;
}

/// The attempt failed: shown once for each failure, then tried again when the backoff is over.
std::optional<Step> step_for_failed_offer(const ActualConnection& actual, const Offer& offer) {
    const bool is_shown = actual.state == State::kError && offer.failures <= actual.attempts;
    if (is_shown) {
        return make_step_after(StepKind::kFetch, actual);
    }
    Step step{.kind = StepKind::kSetError, .connection = actual.name, .error = offer.error};
    step.attempts = std::max(offer.failures, 1);
    step.retry_in_ms = backoff_ms(step.attempts);
    return step;
}

/// The schema is to stay empty: thousands of connections go through here, so no step but the last
/// resort (kApply) needs a transaction of its own.
std::optional<Step> step_for_unloaded(const DesiredConnection& desired,
                                      const ActualConnection& actual, const Offer& offer) {
    const bool is_usable = actual.has_schema && actual.schema_is_empty;
    const bool is_right = is_usable && actual.schema_hash == offer.schema_hash &&
                          actual.config_hash == desired.config_hash;
    if (actual.state == State::kUpdating && !is_usable) {
        return make_step(StepKind::kApply, actual.name);
    }
    if (actual.state == State::kUpdating || (actual.state == State::kPending && is_usable)) {
        return make_step(StepKind::kMarkUnloaded, actual.name);
    }
    if (actual.state == State::kReady && is_right) {
        return std::nullopt;
    }
    return make_step(StepKind::kMarkUpdating, actual.name);
}

std::optional<Step> step_for_known_offer(const DesiredConnection& desired,
                                         const ActualConnection& actual, const Offer& offer) {
    // Once made, tables stay: somebody may have come to use them.
    if (!desired.wants_tables && !actual.is_imported) {
        return step_for_unloaded(desired, actual, offer);
    }
    const bool is_right = actual.is_imported && actual.has_schema && actual.schema_is_intact &&
                          actual.schema_hash == offer.schema_hash &&
                          actual.config_hash == desired.config_hash;
    if (actual.state == State::kUpdating) {
        return make_step(StepKind::kApply, actual.name);
    }
    if (!is_right || actual.state == State::kError) {
        return make_step(StepKind::kMarkUpdating, actual.name);
    }
    if (actual.state == State::kPending) {
        return make_step(StepKind::kMarkReady, actual.name);
    }
    if (!actual.comments_set) {
        return make_step(StepKind::kComment, actual.name);
    }
    return std::nullopt;
}

/// Pending, updating, ready or error, and nothing but the plugin's answer decides.
std::optional<Step> step_towards_offer(const DesiredConnection& desired,
                                       const ActualConnection& actual, const Offer* offer) {
    const bool is_known = offer != nullptr && offer->kind != Offer::Kind::kUnknown;
    if (!is_known) {
        return make_step_after(StepKind::kFetch, actual);
    }
    if (offer->config_hash != desired.config_hash) {
        return make_step(StepKind::kFetch, actual.name); // changed meanwhile: no backoff
    }
    if (offer->kind == Offer::Kind::kFailed) {
        return step_for_failed_offer(actual, *offer);
    }
    return step_for_known_offer(desired, actual, *offer);
}

std::optional<Step> step_for_wanted(const DesiredConnection& desired,
                                    const ActualConnection& actual, const Offer* offer) {
    if (!row_is_current(desired, actual)) {
        return make_step(StepKind::kUpdateRow, desired.name);
    }
    const bool wants_disabled = desired.import_schema == "disabled";
    if (actual.state == State::kDisabled && wants_disabled) {
        return std::nullopt;
    }
    if (actual.state == State::kDisabled || actual.state == State::kDeleting) {
        return make_step(StepKind::kMarkPending, desired.name);
    }
    // Of a connection in error not even `import_schema` can be believed, so the error goes first.
    if (wants_disabled && !desired.error) {
        return make_step_after(StepKind::kDisable, actual);
    }
    if (const auto error = lasting_error(desired, actual)) {
        return step_for_lasting_error(actual, *error);
    }
    return step_towards_offer(desired, actual, offer);
}

/// Connections that other sessions wait for first: of each plugin, the first on the search path.
/// By name, with their place in the order.
std::map<std::string, std::size_t> first_of_each_plugin(const Desired& desired,
                                                        const std::vector<std::string>& order) {
    std::map<std::string, std::size_t> rank_of;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        rank_of.emplace(order[rank], rank);
    }
    // A name that is not on the path comes after all that are; between them, by name.
    std::map<std::string, std::pair<std::size_t, std::string>> first_of;
    for (const auto& [name, connection] : desired) {
        const auto found = rank_of.find(name);
        const std::pair place{found == rank_of.end() ? order.size() : found->second, name};
        const auto [best, is_new] = first_of.emplace(connection.plugin, place);
        if (!is_new && place < best->second) {
            best->second = place;
        }
    }
    std::map<std::string, std::size_t> firsts;
    for (const auto& [plugin, place] : first_of) {
        firsts.emplace(place.second, place.first);
    }
    return firsts;
}

void sort_by_urgency(std::vector<Step>& steps, const std::map<std::string, std::size_t>& firsts) {
    const auto place_of = [&firsts](const Step& step) {
        const auto found = firsts.find(step.connection);
        return found == firsts.end() ? std::numeric_limits<std::size_t>::max() : found->second;
    };
    // The steps come in by name, and a stable sort keeps that among equals.
    std::stable_sort(steps.begin(), steps.end(), [&place_of](const Step& left, const Step& right) {
        return place_of(left) < place_of(right);
    });
}

} // namespace

std::vector<Step> reconcile(const Desired& desired, const Actual& actual, const Offers& offers,
                            const std::vector<std::string>& search_path_order) {
    std::vector<Step> steps;
    Walk<DesiredConnection> wanted(desired);
    for (const auto& [name, connection] : actual) {
        const auto step =
            wanted.find(name) != nullptr ? std::nullopt : step_for_unwanted(connection);
        if (step) {
            steps.push_back(*step);
        }
    }
    Walk<ActualConnection> rows(actual);
    Walk<Offer> known(offers);
    for (const auto& [name, connection] : desired) {
        const ActualConnection* const row = rows.find(name);
        const Offer* const offer = known.find(name);
        const auto step = row == nullptr || !row->has_row
                              ? make_step(StepKind::kCreate, name)
                              : step_for_wanted(connection, *row, offer);
        if (step) {
            steps.push_back(*step);
        }
    }
    if (steps.size() > 1) {
        std::sort(steps.begin(), steps.end(), [](const Step& left, const Step& right) {
            return left.connection < right.connection;
        });
        sort_by_urgency(steps, first_of_each_plugin(desired, search_path_order));
    }
    return steps;
}

} // namespace penstock::reconcile
