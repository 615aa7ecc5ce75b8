#include "reconcile/loading.hpp"
#include "reconcile/reconcile.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace penstock::reconcile {
namespace {

/// A database, plugins and a service in a hundred lines: does what the steps say, refuses illegal
/// changes of state, and fails, restarts and is meddled with at random.
class Simulation {
  public:
    explicit Simulation(std::uint32_t seed) : random_(seed) {}

    void disturb() {
        const std::string name = names_[below(names_.size())];
        switch (below(10)) {
        case 0:
            desired_.erase(name);
            break;
        case 1:
        case 2:
            configure(name);
            break;
        case 3: // the plugin offers other tables from now on
            tables_[name] = "s" + std::to_string(++counter_);
            offers_.erase(name);
            break;
        case 4:
            restart();
            break;
        case 5: // somebody drops our schema, or changes it
            if (auto* row = find(name)) {
                row->has_schema = row->has_schema && chance(2);
                row->schema_is_ours = row->has_schema && row->schema_is_ours;
                row->schema_is_intact = false;
                row->schema_is_empty = !row->has_schema || chance(2);
            }
            break;
        case 6: // a view begins or ends to depend on the schema
            held_[name] = !held_[name];
            break;
        case 9: // somebody refers to a lazy connection
            if (desired_.contains(name)) {
                referenced_.insert(name);
            }
            break;
        case 7: // somebody makes, or drops, a schema of his own of that name
            foreign_schema_[name] = !foreign_schema_[name];
            break;
        default:
            now_ms_ += static_cast<std::int64_t>(below(40000));
        }
    }

    /// One round of the service. Returns false when there was nothing to do.
    bool run_round(bool may_fail) {
        show_foreign_schemas();
        plan_loading(desired_, actual_, offers_, referenced_, kMostTables);
        const auto steps = reconcile(desired_, actual_, offers_, {});
        for (const Step& step : steps) {
            if (step.not_before_ms > now_ms_) {
                continue;
            }
            if (may_fail && chance(5)) {
                restart(); // killed before, or (below) right after, the step
                return true;
            }
            perform(step, may_fail);
        }
        now_ms_ += 1000;
        return !steps.empty();
    }

    void calm_down() {
        for (auto& [name, is_held] : held_) {
            is_held = false;
        }
        for (auto& [name, exists] : foreign_schema_) {
            exists = false;
        }
    }

    void expect_converged() const {
        for (const auto& [name, row] : actual_) {
            EXPECT_TRUE(!row.has_row || desired_.contains(name)) << name << " was to go";
        }
        for (const auto& [name, wanted] : desired_) {
            const auto found = actual_.find(name);
            ASSERT_TRUE(found != actual_.end() && found->second.has_row) << name;
            expect_right(wanted, found->second);
        }
    }

    [[nodiscard]] bool took_an_illegal_step() const { return took_an_illegal_step_; }

  private:
    static void expect_right(const DesiredConnection& wanted, const ActualConnection& row) {
        EXPECT_EQ(row.plugin, wanted.plugin);
        EXPECT_EQ(row.start_line, wanted.start_line);
        const bool is_disabled =
            wanted.import_schema == "disabled" && row.state == State::kDisabled;
        if (wanted.error && !is_disabled) { // one that was disabled before the fault stays so
            EXPECT_EQ(name_of(row.state), std::string{"error"});
            EXPECT_EQ(row.error, *wanted.error);
            return;
        }
        if (wanted.import_schema == "disabled") {
            EXPECT_EQ(name_of(row.state), std::string{"disabled"});
            EXPECT_FALSE(row.has_schema);
            return;
        }
        EXPECT_EQ(name_of(row.state), std::string{"ready"}) << row.error;
        EXPECT_EQ(row.config_hash, wanted.config_hash);
        EXPECT_TRUE(row.has_schema && row.schema_is_ours);
        EXPECT_TRUE(row.schema_is_intact || !row.is_imported);
        EXPECT_TRUE(row.is_imported || !wanted.wants_tables);
        EXPECT_EQ(row.schema_is_empty, !row.is_imported);
        EXPECT_TRUE(row.comments_set);
    }

    std::size_t below(std::size_t limit) { return random_() % limit; }
    bool chance(std::size_t one_in) { return below(one_in) == 0; }

    ActualConnection* find(const std::string& name) {
        const auto found = actual_.find(name);
        return found == actual_.end() ? nullptr : &found->second;
    }

    void configure(const std::string& name) {
        DesiredConnection& wanted = desired_[name];
        wanted.name = name;
        wanted.plugin = wanted.plugin_instance = chance(2) ? "csv" : "json";
        wanted.config_hash = "c" + std::to_string(++counter_);
        wanted.start_line = static_cast<int>(below(5));
        wanted.import_schema = chance(4) ? "disabled" : chance(2) ? "lazy" : "enabled";
        wanted.error = chance(5) ? std::optional{"bad " + std::to_string(counter_)} : std::nullopt;
    }

    /// kill -9 and a new start: what is in memory is gone, every row is pending but the disabled.
    void restart() {
        offers_.clear();
        failures_.clear();
        referenced_.clear();
        for (auto& [name, row] : actual_) {
            if (row.has_row && row.state != State::kDisabled) {
                row.state = State::kPending;
                row.error.clear();
                row.attempts = 0;
                row.next_attempt_ms = 0;
            }
        }
    }

    /// A schema of somebody else can only come where none is.
    void show_foreign_schemas() {
        for (auto& [name, row] : actual_) {
            if (row.schema_is_ours) {
                foreign_schema_[name] = false;
            } else {
                row.has_schema = foreign_schema_[name];
            }
        }
    }

    void go(ActualConnection& row, State to) {
        if (!is_legal(row.state, to)) {
            took_an_illegal_step_ = true;
            ADD_FAILURE() << row.name << ": " << name_of(row.state) << " to " << name_of(to);
        }
        row.state = to;
        row.error.clear();
    }

    void make_schema(ActualConnection& row) { row.has_schema = row.schema_is_ours = true; }

    void note_failure(const std::string& name) {
        Offer& offer = offers_[name];
        offer.kind = Offer::Kind::kFailed;
        offer.config_hash = desired_.at(name).config_hash;
        offer.error = "no answer";
        offer.failures = ++failures_[name];
    }

    void fetch(const std::string& name, bool may_fail) {
        const std::string& config_hash = desired_.at(name).config_hash;
        if (offers_.contains(name) && offers_[name].config_hash != config_hash) {
            failures_[name] = 0;
        }
        if (may_fail && chance(3)) {
            note_failure(name);
            return;
        }
        Offer known;
        known.kind = Offer::Kind::kKnown;
        known.config_hash = config_hash;
        known.schema_hash = tables_[name];
        known.table_count = 1;
        offers_[name] = known;
    }

    void apply(ActualConnection& row, bool may_fail) {
        if (foreign_schema_[row.name] || (may_fail && chance(3))) {
            row.schema_is_intact = false; // some batches are done, some are not
            note_failure(row.name);
            return;
        }
        const Offer& offer = offers_.at(row.name);
        make_schema(row);
        row.schema_is_intact = true;
        row.is_imported = row.is_imported || desired_.at(row.name).wants_tables;
        row.schema_is_empty = !row.is_imported;
        row.schema_hash = offer.schema_hash;
        row.config_hash = offer.config_hash;
        row.comments_set = !row.is_imported;
        row.attempts = 0;
        failures_[row.name] = 0;
        go(row, State::kReady);
    }

    /// Returns false when something holds the schema.
    bool drop_schema(ActualConnection& row) {
        row.schema_is_intact = false;
        if (held_[row.name] && row.schema_is_ours) {
            row.error = "waits for other objects";
            ++row.attempts;
            row.next_attempt_ms = now_ms_ + backoff_ms(row.attempts);
            return false;
        }
        if (row.schema_is_ours) {
            row.has_schema = row.schema_is_ours = false;
        }
        row.schema_is_empty = true;
        row.is_imported = false;
        return true;
    }

    void create(const std::string& name) {
        ActualConnection& row = actual_[name];
        row.name = name;
        row.has_row = true;
        row.state = State::kPending;
        row.is_imported = false;
        row.schema_is_empty = true;
        update_row(row);
        if (!foreign_schema_[name] && !desired_.at(name).error) {
            make_schema(row);
        }
    }

    void update_row(ActualConnection& row) {
        const DesiredConnection& wanted = desired_.at(row.name);
        row.plugin = wanted.plugin;
        row.plugin_instance = wanted.plugin_instance;
        row.type = wanted.type;
        row.import_schema = wanted.import_schema;
        row.start_line = wanted.start_line;
    }

    void set_error(ActualConnection& row, const Step& step) {
        go(row, State::kError);
        row.error = step.error;
        row.attempts = step.attempts;
        row.next_attempt_ms = step.retry_in_ms == 0 ? 0 : now_ms_ + step.retry_in_ms;
    }

    void finish(ActualConnection& row, State to) {
        go(row, to);
        row.attempts = 0;
        row.next_attempt_ms = 0;
    }

    void perform(const Step& step, bool may_fail) {
        if (step.kind == StepKind::kCreate) {
            create(step.connection);
            return;
        }
        ActualConnection& row = actual_.at(step.connection);
        switch (step.kind) {
        case StepKind::kCreate:
            break;
        case StepKind::kUpdateRow:
            update_row(row);
            break;
        case StepKind::kFetch:
            fetch(row.name, may_fail);
            break;
        case StepKind::kMarkUpdating:
            finish(row, State::kUpdating);
            break;
        case StepKind::kApply:
            apply(row, may_fail);
            break;
        case StepKind::kMarkReady:
            finish(row, State::kReady);
            break;
        case StepKind::kMarkUnloaded:
            mark_unloaded(row);
            break;
        case StepKind::kComment:
            row.comments_set = true;
            break;
        case StepKind::kMarkPending:
            finish(row, State::kPending);
            break;
        case StepKind::kSetError:
            set_error(row, step);
            break;
        case StepKind::kDisable:
            if (drop_schema(row)) {
                finish(row, State::kDisabled);
            }
            break;
        case StepKind::kMarkDeleting:
            finish(row, State::kDeleting);
            break;
        case StepKind::kDrop:
            drop(row);
            break;
        }
    }

    void mark_unloaded(ActualConnection& row) {
        EXPECT_TRUE(row.has_schema && row.schema_is_ours && row.schema_is_empty) << row.name;
        row.schema_hash = offers_.at(row.name).schema_hash;
        row.config_hash = offers_.at(row.name).config_hash;
        row.schema_is_intact = row.comments_set = true;
        failures_[row.name] = 0;
        finish(row, State::kReady);
    }

    void drop(ActualConnection& row) {
        if (!drop_schema(row)) {
            return;
        }
        if (!is_legal(row.state, std::nullopt)) {
            took_an_illegal_step_ = true;
        }
        const std::string name = row.name;
        actual_.erase(name);
    }

    static constexpr std::size_t kMostTables = 2; ///< of three connections with a table each

    const std::vector<std::string> names_ = {"a", "b", "c"};
    std::set<std::string> referenced_;
    std::mt19937 random_;
    Desired desired_;
    Actual actual_;
    Offers offers_;
    std::map<std::string, int> failures_;
    std::map<std::string, std::string> tables_;
    std::map<std::string, bool> held_;
    std::map<std::string, bool> foreign_schema_;
    std::int64_t now_ms_ = 0;
    int counter_ = 0;
    bool took_an_illegal_step_ = false;
};

/// PENSTOCK_SEED repeats one run.
std::uint32_t first_seed() {
    const char* given = std::getenv("PENSTOCK_SEED");
    return given == nullptr ? std::random_device{}()
                            : static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10));
}

TEST(Model, thousands_of_disturbed_services_converge_and_never_break_the_rules) {
    constexpr int kSequences = 5000;
    constexpr int kDisturbedRounds = 40;
    constexpr int kCalmRounds = 60; // more than 30 s of backoff and every step once
    const std::uint32_t seed = first_seed();
    std::cout << "PENSTOCK_SEED=" << seed << '\n';
    for (int sequence = 0; sequence < kSequences; ++sequence) {
        Simulation simulation(seed + static_cast<std::uint32_t>(sequence));
        for (int round = 0; round < kDisturbedRounds; ++round) {
            simulation.disturb();
            (void)simulation.run_round(true);
        }
        simulation.calm_down();
        int rounds = 0;
        while (simulation.run_round(false) && rounds < kCalmRounds) {
            ++rounds;
        }
        ASSERT_LT(rounds, kCalmRounds) << "sequence " << sequence << " of PENSTOCK_SEED=" << seed;
        simulation.expect_converged();
        ASSERT_FALSE(simulation.took_an_illegal_step() || HasFailure())
            << "sequence " << sequence << " of PENSTOCK_SEED=" << seed;
    }
}

} // namespace
} // namespace penstock::reconcile
