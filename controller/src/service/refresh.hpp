#pragma once

#include "catalog/catalog.hpp"
#include "config/configuration.hpp"
#include "hosting/condition.hpp"
#include "reconcile/reconcile.hpp"
#include "service/error_text.hpp"
#include "service/instances.hpp"
#include "service/sessions.hpp"
#include "service/waiters.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace penstock::service {

/// Makes the database what the configuration wants: asks `reconcile` for the steps that are due,
/// does them, asks again, until there are none.
///
/// Level-triggered: whatever happens only changes desired state, offers or the copy of the actual
/// state, and wakes the loop. At most one change of a schema runs for a connection at any time.
/// Threads: the executor's, which is one; SQL runs in the pool.
class Refresh {
  public:
    Refresh(boost::asio::any_io_executor executor, SessionPool& sessions, Instances& instances);
    ~Refresh() = default;
    Refresh(const Refresh&) = delete;
    Refresh& operator=(const Refresh&) = delete;

    // -- what happens outside; each may come at any time
    void set_configuration(const config::Configuration& configuration);
    /// Somebody asked for it by hand: the offer is forgotten and the backoff skipped. "" = all.
    void request(const std::string& connection);
    /// Somebody wants the tables of a lazy connection.
    void request_tables(const std::string& connection);
    /// A query waits for the connection: it comes before others, its tables are made when it has
    /// none yet, and `events` tell what becomes of it. The backoff of an error is not cut short.
    [[nodiscard]] Standing want(const std::string& connection);
    void set_waiters(WaiterEvents events);
    void instance_changed(const std::string& label);
    void instance_replaced(const std::string& label); ///< its executable is another one now
    void announced(const std::string& label, const std::string& connection);
    void note(std::string kind, std::string event, std::string source, std::string connection,
              const std::vector<std::pair<std::string, std::string>>& detail);

    // -- the work
    /// Works for as long as we lead: until `lose` or `stop`, or until the database fails.
    boost::asio::awaitable<void> lead();
    /// Leadership is gone; lead() returns when the SQL under way has ended.
    void lose(const std::string& reason);
    void stop();
    /// After lead() ended by stop(): plugins and events as they are at the end.
    boost::asio::awaitable<void> say_goodbye();

    [[nodiscard]] const Secrets& secrets() const noexcept { return secrets_; }

  private:
    /// Tables on offer and their hash; shared by the connections of a static plugin.
    struct Offered {
        std::vector<TableSchema> tables;
        std::vector<SchemaProblem> problems; ///< what the plugin left out
        std::string hash;
    };
    using OfferedPtr = std::shared_ptr<const Offered>;
    /// The one question that all connections of a static plugin ask.
    struct SharedOffer {
        OfferedPtr offered;
        bool is_asking = false;
    };
    /// Changes of rows, each list one transaction.
    struct RowWork {
        std::vector<reconcile::DesiredConnection> creates;
        std::vector<reconcile::DesiredConnection> updates;
        std::vector<catalog::StateChange> changes;
        std::vector<catalog::Unloaded> unloaded;
        [[nodiscard]] bool is_empty() const {
            return creates.empty() && updates.empty() && changes.empty() && unloaded.empty();
        }
    };
    // refresh.cpp: the loop
    boost::asio::awaitable<void> work();
    boost::asio::awaitable<void> turn();
    boost::asio::awaitable<void> rest(hosting::Clock::duration time);
    boost::asio::awaitable<void> write_side_rows();
    boost::asio::awaitable<void> write_plugins();
    boost::asio::awaitable<void> write_events();
    boost::asio::awaitable<void> tidy();
    boost::asio::awaitable<void> read_actual();
    void launch(const std::vector<reconcile::Step>& steps);
    [[nodiscard]] hosting::Clock::time_point due_of(const reconcile::Step& step) const;
    bool launch_one(const reconcile::Step& step);
    /// Nothing is under way and no row waits for work.
    [[nodiscard]] bool is_quiet() const;
    void report_when_idle();
    void wake();
    [[nodiscard]] bool is_over() const { return is_lost_ || is_stopping_; }

    // refresh_rows.cpp: changes of rows
    [[nodiscard]] RowWork row_work(const std::vector<reconcile::Step>& steps) const;
    [[nodiscard]] RowWork row_work_of(const std::vector<reconcile::Step>& steps) const;
    boost::asio::awaitable<void> change_rows(RowWork work);
    boost::asio::awaitable<void> create_rows(std::vector<reconcile::DesiredConnection> creates);
    boost::asio::awaitable<void> write_servers();
    void take_change(const catalog::StateChange& change);
    void take_unloaded(const catalog::Unloaded& unloaded);
    [[nodiscard]] catalog::Unloaded unloaded_of(const std::string& name) const;

    // refresh_offers.cpp: what the plugins offer
    bool launch_fetch(const std::string& name);
    void start_fetcher();
    boost::asio::awaitable<void> fetch_in_turn();
    boost::asio::awaitable<void> fetch(std::string name);
    boost::asio::awaitable<Result<OfferedPtr>> ask(std::string label,
                                                   std::shared_ptr<hosting::PluginHost> host,
                                                   config::Connection connection);
    boost::asio::awaitable<Result<OfferedPtr>>
    ask_shared(std::string label, std::shared_ptr<hosting::PluginHost> host, std::string name);
    boost::asio::awaitable<Result<OfferedPtr>> describe(std::shared_ptr<hosting::PluginHost> host,
                                                        std::string name);
    // refresh_aggregates.cpp: connections made of others
    void index_children();
    void report_warnings(const config::Configuration& fresh);
    boost::asio::awaitable<Result<OfferedPtr>>
    ask_aggregate(std::string label, std::shared_ptr<hosting::PluginHost> host,
                  config::Connection connection);
    boost::asio::awaitable<void>
    lend_child(std::string label, std::shared_ptr<hosting::PluginHost> host, std::string child);
    void child_changed(const std::string& child);
    void release_unused_children();
    [[nodiscard]] bool is_lent(const std::string& child) const;
    [[nodiscard]] bool is_aggregate_fetch(const reconcile::Step& step) const;

    void take_answer(const config::Connection& asked, Result<OfferedPtr> answer, bool is_dynamic);
    void note_problems(const config::Connection& asked, const Offered& now, const Offered* before);
    void fail(const std::string& name, const std::string& error);
    void forget_offer(const std::string& name);
    void tell_failure(const std::string& name, const std::string& error);
    void ask_again(const std::string& name, bool even_if_known);
    void report_failure(const std::string& label, bool is_final);
    void note_configured(const std::string& name, const std::string& label);
    void learn_secrets(const std::string& label);
    [[nodiscard]] std::string instance_error(const std::string& label) const;
    [[nodiscard]] std::vector<std::string> connections_of(const std::string& label) const;

    // refresh_waiters.cpp: queries that wait
    [[nodiscard]] Standing standing_of(const std::string& name) const;
    void hurry_fetch(const std::string& name);
    void queue_urgent_fetch(const std::string& name);
    boost::asio::awaitable<void> fetch_urgently(std::string name);
    void launch_waited_for(const std::vector<reconcile::Step>& steps);
    void loading_began(const std::string& name);
    void tell_waiters();
    [[nodiscard]] bool is_waited_for(const reconcile::Step& step) const;

    // refresh_schemas.cpp: changes of schemas
    bool launch_schema_work(const reconcile::Step& step);
    boost::asio::awaitable<void> schema_work(reconcile::Step step);
    boost::asio::awaitable<void> apply(std::string name);
    boost::asio::awaitable<void> comment(std::string name);
    boost::asio::awaitable<void> disable(std::string name);
    std::vector<std::string> launch_drops(const std::vector<std::string>& names);
    boost::asio::awaitable<void> drop(std::vector<std::string> names);
    boost::asio::awaitable<void> drop_now(const std::vector<std::string>& names);
    void drop_is_held(const std::string& name);
    void take_drop(const std::string& name);
    void schema_work_failed(const reconcile::Step& step, const Error& error);
    void release(const std::string& name, const std::string& label);
    void update_instances();

    boost::asio::any_io_executor executor_;
    SessionPool& sessions_; ///< outlives us
    Instances& instances_;  ///< outlives us
    hosting::Condition changed_;
    bool is_woken_ = false;
    bool is_lost_ = true;
    bool is_stopping_ = false;
    bool is_settled_ = false; ///< said so in this leadership
    bool is_working_ = false; ///< something was done since the last report
    hosting::Clock::time_point wake_at_{};

    // what is wanted
    config::Configuration configuration_;
    reconcile::Desired desired_;
    std::vector<std::string> order_;
    std::map<std::string, std::vector<std::string>> aggregates_; ///< child → aggregators of it
    Secrets secrets_;

    // what is on offer
    reconcile::Offers offers_;
    std::map<std::string, OfferedPtr> offered_; ///< by connection
    std::map<std::string, std::shared_ptr<SharedOffer>>
        shared_;                       ///< by instance; also in coroutines
    std::set<std::string> referenced_; ///< lazy connections whose tables are wanted
    std::set<std::string> fetching_;   ///< those in the queue, too
    std::deque<std::string> fetch_queue_;
    std::size_t fetcher_count_ = 0;
    std::set<std::string> stale_;                      ///< being fetched, and forgotten meanwhile
    std::map<std::string, std::string> reported_;      ///< instance → final failure that was told
    std::map<std::string, std::string> configured_on_; ///< connection → instance that knows it
    std::set<std::string> lent_; ///< of those: only because an aggregator has them as children
    std::map<std::string, std::vector<std::string>> held_; ///< aggregator → children it was given

    // what there is
    reconcile::Actual actual_;
    std::uint64_t change_count_ = 0;
    std::map<std::string, std::uint64_t> changed_in_; ///< connection → change_count_ of its last
    std::set<std::string> in_schema_work_;
    int schema_job_count_ = 0; ///< under way; one may be about many connections
    std::map<std::string, hosting::Clock::time_point> not_before_; ///< our own patience
    std::set<std::string> waited_;  ///< a query waits for it: comes first
    std::set<std::string> loading_; ///< of those in schema work: the load lock is held
    WaiterEvents waiters_;
    bool has_new_waiter_ = false;
    int urgent_fetch_count_ = 0;
    std::set<std::string> hurried_; ///< asked for by hand: the next step skips its backoff
    hosting::Clock::time_point read_at_{};

    // rows beside the states
    bool has_new_files_ = true;
    bool has_new_plugins_ = true;
    bool has_new_servers_ = true;
    std::vector<catalog::Server> written_servers_; ///< since the rows were read last
    bool has_new_path_ = true;
    bool has_leftovers_ = true; ///< offers or servers that no connection refers to any more
    std::vector<catalog::EventRow> events_;
};

} // namespace penstock::service
