#include "reconcile/reconcile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace penstock::reconcile {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kName = "prod";

/// One connection that is as it should be; each case changes what it is about.
struct World {
    DesiredConnection desired;
    ActualConnection actual;
    Offer offer;
    bool is_desired = true;
    bool is_actual = true;
    bool is_offered = true;

    World() {
        desired.name = kName;
        desired.plugin = desired.plugin_instance = "csv";
        desired.config_hash = "c1";
        actual.name = kName;
        actual.state = State::kReady;
        actual.plugin = actual.plugin_instance = "csv";
        actual.type = "plugin";
        actual.import_schema = "enabled";
        actual.config_hash = "c1";
        actual.schema_hash = "s1";
        actual.has_schema = actual.schema_is_ours = true;
        offer.kind = Offer::Kind::kKnown;
        offer.config_hash = "c1";
        offer.schema_hash = "s1";
    }

    void set_state(State state, const std::string& error = {}) {
        actual.state = state;
        actual.error = error;
    }

    void fail(int failures) {
        offer.kind = Offer::Kind::kFailed;
        offer.error = "no answer";
        offer.failures = failures;
    }

    [[nodiscard]] std::vector<Step> steps() const {
        Desired all_desired;
        Actual all_actual;
        Offers offers;
        if (is_desired) {
            all_desired[kName] = desired;
        }
        if (is_actual) {
            all_actual[kName] = actual;
        }
        if (is_offered) {
            offers[kName] = offer;
        }
        return reconcile(all_desired, all_actual, offers, {});
    }
};

struct Case {
    const char* name;
    std::function<void(World&)> change;
    std::vector<Step> expected;
};

Step step(StepKind kind) {
    return {.kind = kind, .connection = kName};
}

Step step_at(StepKind kind, std::int64_t not_before_ms) {
    return {.kind = kind, .connection = kName, .not_before_ms = not_before_ms};
}

Step error_step(const std::string& error, int attempts = 0, std::int64_t retry_in_ms = 0) {
    return {.kind = StepKind::kSetError,
            .connection = kName,
            .error = error,
            .attempts = attempts,
            .retry_in_ms = retry_in_ms};
}

/// What comes of `offer` and `actual`, by state.
const std::vector<Case> kStateCases = {
    {"ready and right: nothing", [](World&) {}, {}},
    {"no row: create", [](World& w) { w.is_actual = false; }, {step(StepKind::kCreate)}},
    {"our schema without a row: create",
     [](World& w) { w.actual.has_row = false; },
     {step(StepKind::kCreate)}},
    {"pending and right: ready",
     [](World& w) { w.set_state(State::kPending); },
     {step(StepKind::kMarkReady)}},
    {"pending and another schema: updating",
     [](World& w) {
         w.set_state(State::kPending);
         w.offer.schema_hash = "s2";
     },
     {step(StepKind::kMarkUpdating)}},
    {"ready and another schema: updating",
     [](World& w) { w.offer.schema_hash = "s2"; },
     {step(StepKind::kMarkUpdating)}},
    {"ready and somebody changed the schema: updating",
     [](World& w) { w.actual.schema_is_intact = false; },
     {step(StepKind::kMarkUpdating)}},
    {"ready and somebody dropped the schema: updating",
     [](World& w) { w.actual.has_schema = w.actual.schema_is_ours = false; },
     {step(StepKind::kMarkUpdating)}},
    {"updating: apply", [](World& w) { w.set_state(State::kUpdating); }, {step(StepKind::kApply)}},
    {"error that is over: updating, even with nothing to change",
     [](World& w) { w.set_state(State::kError, "no answer"); },
     {step(StepKind::kMarkUpdating)}},
    {"ready without comments: comment",
     [](World& w) { w.actual.comments_set = false; },
     {step(StepKind::kComment)}},
    {"lazy is like enabled",
     [](World& w) { w.desired.import_schema = w.actual.import_schema = "lazy"; },
     {}},
};

const std::vector<Case> kOfferCases = {
    {"no offer yet: fetch", [](World& w) { w.is_offered = false; }, {step(StepKind::kFetch)}},
    {"offer unknown: fetch",
     [](World& w) { w.offer.kind = Offer::Kind::kUnknown; },
     {step(StepKind::kFetch)}},
    {"configuration changed: fetch",
     [](World& w) { w.desired.config_hash = "c2"; },
     {step(StepKind::kFetch)}},
    {"configuration changed, fetched, equal schema: updating all the same",
     [](World& w) { w.desired.config_hash = w.offer.config_hash = "c2"; },
     {step(StepKind::kMarkUpdating)}},
    {"configuration changed while the service was down: updating",
     [](World& w) {
         w.set_state(State::kPending);
         w.desired.config_hash = w.offer.config_hash = "c2";
     },
     {step(StepKind::kMarkUpdating)}},
    {"configuration changed while updating: fetch",
     [](World& w) {
         w.set_state(State::kUpdating);
         w.desired.config_hash = "c2";
     },
     {step(StepKind::kFetch)}},
    {"first failure: error with a second of backoff",
     [](World& w) { w.fail(1); },
     {error_step("no answer", 1, 1000)}},
    {"third failure: error with four",
     [](World& w) {
         w.set_state(State::kError, "no answer");
         w.actual.attempts = 2;
         w.fail(3);
     },
     {error_step("no answer", 3, 4000)}},
    {"failure that the row shows: fetch after the backoff",
     [](World& w) {
         w.set_state(State::kError, "no answer");
         w.actual.attempts = 3;
         w.actual.next_attempt_ms = 777;
         w.fail(3);
     },
     {step_at(StepKind::kFetch, 777)}},
    {"failure while updating: error",
     [](World& w) {
         w.set_state(State::kUpdating);
         w.fail(1);
     },
     {error_step("no answer", 1, 1000)}},
    {"failed, then the configuration changed: fetch at once",
     [](World& w) {
         w.set_state(State::kError, "no answer");
         w.actual.attempts = 3;
         w.actual.next_attempt_ms = 777;
         w.fail(3);
         w.desired.config_hash = "c2";
     },
     {step(StepKind::kFetch)}},
};

const std::vector<Case> kConfigurationCases = {
    {"other lines: update the row",
     [](World& w) { w.desired.start_line = 9; },
     {step(StepKind::kUpdateRow)}},
    {"another plugin: update the row first",
     [](World& w) { w.desired.plugin = "json"; },
     {step(StepKind::kUpdateRow)}},
    {"faulty configuration: error", [](World& w) { w.desired.error = "bad"; }, {error_step("bad")}},
    {"faulty configuration that the row shows: nothing",
     [](World& w) {
         w.desired.error = "bad";
         w.set_state(State::kError, "bad");
     },
     {}},
    {"another fault: error again",
     [](World& w) {
         w.desired.error = "worse";
         w.set_state(State::kError, "bad");
     },
     {error_step("worse")}},
    {"faulty and perhaps disabled: error, the schema stays",
     [](World& w) {
         w.desired.error = "bad";
         w.desired.import_schema = w.actual.import_schema = "disabled";
     },
     {error_step("bad")}},
    {"schema of somebody else: error",
     [](World& w) { w.actual.schema_is_ours = false; },
     {error_step("schema \"prod\" exists and does not belong to Penstock")}},
};

const std::vector<Case> kEndCases = {
    {"not configured: deleting",
     [](World& w) { w.is_desired = false; },
     {step(StepKind::kMarkDeleting)}},
    {"disabled and not configured: deleting",
     [](World& w) {
         w.is_desired = false;
         w.set_state(State::kDisabled);
     },
     {step(StepKind::kMarkDeleting)}},
    {"deleting: drop, after the backoff of what holds it",
     [](World& w) {
         w.is_desired = false;
         w.set_state(State::kDeleting);
         w.actual.next_attempt_ms = 55;
     },
     {step_at(StepKind::kDrop, 55)}},
    {"our schema without row or configuration: nothing",
     [](World& w) {
         w.is_desired = false;
         w.actual.has_row = false;
     },
     {}},
    {"configured again while deleting: pending",
     [](World& w) { w.set_state(State::kDeleting); },
     {step(StepKind::kMarkPending)}},
    {"to be disabled: disable",
     [](World& w) { w.desired.import_schema = w.actual.import_schema = "disabled"; },
     {step(StepKind::kDisable)}},
    {"to be disabled, but held by a view: after the backoff",
     [](World& w) {
         w.desired.import_schema = w.actual.import_schema = "disabled";
         w.actual.next_attempt_ms = 55;
     },
     {step_at(StepKind::kDisable, 55)}},
    {"disabled as wanted: nothing",
     [](World& w) {
         w.desired.import_schema = w.actual.import_schema = "disabled";
         w.set_state(State::kDisabled);
     },
     {}},
    {"disabled as wanted, and faulty: nothing",
     [](World& w) {
         w.desired.import_schema = w.actual.import_schema = "disabled";
         w.desired.error = "bad";
         w.set_state(State::kDisabled);
     },
     {}},
    {"enabled again: pending",
     [](World& w) { w.set_state(State::kDisabled); },
     {step(StepKind::kMarkPending)}},
};

/// A lazy connection that nobody referred to, as it should be.
void make_lazy(World& world) {
    world.desired.import_schema = world.actual.import_schema = "lazy";
    world.desired.wants_tables = false;
    world.actual.is_imported = false;
    world.actual.schema_is_empty = true;
}

Case lazy_case(const char* name, const std::function<void(World&)>& change,
               const std::vector<Step>& expected) {
    const auto both = [change](World& world) {
        make_lazy(world);
        change(world);
    };
    return {name, both, expected};
}

/// A schema that is to stay empty until somebody refers to it.
const std::vector<Case> kLazyCases = {
    lazy_case("ready and empty: nothing", [](World&) {}, {}),
    lazy_case("pending and empty: ready, whatever it was made from",
              [](World& w) {
                  w.set_state(State::kPending);
                  w.actual.schema_hash = w.actual.config_hash = "";
              },
              {step(StepKind::kMarkUnloaded)}),
    lazy_case("another configuration: updating", [](World& w) { w.actual.config_hash = "c0"; },
              {step(StepKind::kMarkUpdating)}),
    lazy_case("updating and empty: ready without a transaction of its own",
              [](World& w) { w.set_state(State::kUpdating); }, {step(StepKind::kMarkUnloaded)}),
    lazy_case("somebody made a table in it: updating",
              [](World& w) { w.actual.schema_is_empty = false; }, {step(StepKind::kMarkUpdating)}),
    lazy_case("updating and not empty: made empty",
              [](World& w) {
                  w.set_state(State::kUpdating);
                  w.actual.schema_is_empty = false;
              },
              {step(StepKind::kApply)}),
    lazy_case("pending without a schema: updating",
              [](World& w) {
                  w.set_state(State::kPending);
                  w.actual.has_schema = w.actual.schema_is_ours = false;
              },
              {step(StepKind::kMarkUpdating)}),
    lazy_case("referred to: updating", [](World& w) { w.desired.wants_tables = true; },
              {step(StepKind::kMarkUpdating)}),
    lazy_case("referred to and updating: gets its tables",
              [](World& w) {
                  w.desired.wants_tables = true;
                  w.set_state(State::kUpdating);
              },
              {step(StepKind::kApply)}),
    lazy_case("has its tables: they stay",
              [](World& w) {
                  w.actual.is_imported = true;
                  w.actual.schema_is_empty = false;
              },
              {}),
    lazy_case("in error: updating first", [](World& w) { w.set_state(State::kError, "x"); },
              {step(StepKind::kMarkUpdating)}),
};

class ReconcileCases : public ::testing::TestWithParam<const std::vector<Case>*> {};

TEST_P(ReconcileCases, give_the_step_that_the_table_says) {
    for (const Case& entry : *GetParam()) {
        World world;
        entry.change(world);
        EXPECT_EQ(world.steps(), entry.expected) << entry.name;
    }
}

INSTANTIATE_TEST_SUITE_P(All, ReconcileCases,
                         ::testing::Values(&kStateCases, &kOfferCases, &kConfigurationCases,
                                           &kEndCases, &kLazyCases));

DesiredConnection desired_of(const std::string& name, const std::string& plugin) {
    DesiredConnection desired;
    desired.name = name;
    desired.plugin = plugin;
    return desired;
}

TEST(Reconcile, the_first_connection_of_each_plugin_on_the_path_goes_first) {
    Desired desired;
    for (const auto& [name, plugin] : std::vector<std::pair<std::string, std::string>>{
             {"a", "csv"}, {"b", "csv"}, {"c", "csv"}, {"d", "json"}, {"e", "json"}}) {
        desired[name] = desired_of(name, plugin);
    }
    const auto order_of = [&](const std::vector<std::string>& path) {
        std::vector<std::string> names;
        for (const Step& one : reconcile(desired, {}, {}, path)) {
            names.push_back(one.connection);
        }
        return names;
    };
    EXPECT_THAT(order_of({}), ElementsAre("a", "d", "b", "c", "e"));
    EXPECT_THAT(order_of({"e", "c", "a"}), ElementsAre("e", "c", "a", "b", "d"));
    EXPECT_THAT(order_of({"public", "b"}), ElementsAre("b", "d", "a", "c", "e"));
}

TEST(Reconcile, steps_for_rows_that_must_go_stand_among_the_others_by_name) {
    Desired desired;
    desired["b"] = desired_of("b", "csv");
    desired["c"] = desired_of("c", "csv");
    Actual actual;
    for (const char* name : {"a", "z"}) {
        actual[name].name = name;
    }
    std::vector<std::string> names;
    for (const Step& one : reconcile(desired, actual, {}, {})) {
        names.push_back(one.connection);
    }
    EXPECT_THAT(names, ElementsAre("b", "a", "c", "z"));
}

TEST(Reconcile, nothing_wanted_and_nothing_there_needs_nothing) {
    EXPECT_THAT(reconcile({}, {}, {}, {"a"}), IsEmpty());
}

TEST(Backoff, doubles_from_one_second_to_thirty) {
    std::vector<std::int64_t> delays;
    for (int attempts = -1; attempts <= 7; ++attempts) {
        delays.push_back(backoff_ms(attempts));
    }
    EXPECT_THAT(delays, ElementsAre(0, 0, 1000, 2000, 4000, 8000, 16000, 30000, 30000));
    EXPECT_EQ(backoff_ms(2000000000), 30000);
}

} // namespace
} // namespace penstock::reconcile
