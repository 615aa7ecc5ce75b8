#include "catalog/session_impl.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <random>
#include <thread>

namespace penstock::catalog {

namespace {

constexpr int kLockTries = 100;

/// Between two tries: random, so that two refreshes do not meet again and again.
void pause_with_jitter() {
    thread_local std::minstd_rand random{std::random_device{}()};
    std::uniform_int_distribution<int> milliseconds{10, 150};
    std::this_thread::sleep_for(std::chrono::milliseconds{milliseconds(random)});
}

void refuse_other_epoch(pqxx::work& work, std::int64_t epoch) {
    const auto rows = exec(work, "select epoch from penstock.controller for share");
    const auto current = rows.empty() ? 0 : rows[0][0].as<std::int64_t>();
    if (current == epoch) {
        return;
    }
    throw Exception(ErrorKind::kPermission,
                    "controller of epoch " + std::to_string(epoch) + " is no longer the leader",
                    "The database is at epoch " + std::to_string(current) + ".");
}

Exception too_many_conflicts(Error error) {
    error.detail =
        "A lock could not be had in " + std::to_string(kLockTries) + " tries. " + error.detail;
    error.retryable = true;
    return Exception(std::move(error));
}

/// Options of a FOREIGN SERVER by name.
using Options = std::map<std::string, std::string>;

Options options_of(const Server& server) {
    return {{"plugin", server.plugin},
            {"socket", server.socket},
            {"uid", std::to_string(server.plugin_uid)}};
}

std::string option_list(pqxx::work& work, const Options& wanted, const Options& live) {
    std::string list;
    for (const auto& [name, value] : wanted) {
        const auto found = live.find(name);
        if (found != live.end() && found->second == value) {
            continue;
        }
        const char* verb = found == live.end() ? "add " : "set ";
        list += (list.empty() ? "" : ", ") + std::string{verb} + work.quote_name(name) + " " +
                work.quote(value);
    }
    for (const auto& [name, value] : live) {
        if (!wanted.contains(name)) {
            list += (list.empty() ? "drop " : ", drop ") + work.quote_name(name);
        }
    }
    return list;
}

void ensure_server(pqxx::work& work, const Server& server) {
    const Options wanted = options_of(server);
    const auto rows = exec(work,
                           "select w.fdwname = 'penstock', (select coalesce(json_object_agg("
                           "option_name, option_value), '{}') from pg_options_to_table("
                           "s.srvoptions)) from pg_foreign_server s join pg_foreign_data_wrapper w "
                           "on w.oid = s.srvfdw where s.srvname = $1",
                           server.label);
    if (rows.empty()) {
        exec(work,
             "create server " + work.quote_name(server.label) + " foreign data wrapper penstock");
    } else if (!rows[0][0].as<bool>()) {
        throw Exception(ErrorKind::kOption,
                        "foreign server \"" + server.label +
                            "\" exists and does not belong to Penstock",
                        {}, "Give the plugin instance another label, or drop the server.");
    }
    const Options live = rows.empty()
                             ? Options{}
                             : nlohmann::json::parse(rows[0][1].as<std::string>()).get<Options>();
    const std::string changes = option_list(work, wanted, live);
    if (!changes.empty()) {
        exec(work, "alter server " + work.quote_name(server.label) + " options (" + changes + ")");
    }
}

} // namespace

std::optional<Error> Writer::try_write(const Work& work) {
    try {
        connection.transact([&](pqxx::work& transaction) {
            refuse_other_epoch(transaction, epoch);
            work(transaction);
        });
    } catch (const Exception& exception) {
        if (!is_lock_conflict(exception.error())) {
            throw;
        }
        return exception.error();
    }
    return std::nullopt;
}

void Writer::write(const Work& work, const std::function<void(int)>& on_conflict) {
    int failures = 0;
    while (const auto conflict = try_write(work)) {
        if (++failures == kLockTries) {
            throw too_many_conflicts(*conflict);
        }
        if (on_conflict) {
            on_conflict(failures);
        }
        pause_with_jitter();
    }
}

Session::Session(const Target& target, std::int64_t epoch)
    : impl_(std::make_unique<Impl>(target, epoch)) {}
Session::~Session() = default;

void Session::ensure_servers(const std::vector<Server>& servers) {
    impl_->write([&](pqxx::work& work) {
        for (const Server& server : servers) {
            ensure_server(work, server);
        }
    });
}

void Session::mark_settled() {
    impl_->write([](pqxx::work& work) {
        exec(work, "update penstock.controller set settled_at = clock_timestamp()");
    });
}

void Session::withdraw_socket() {
    impl_->write([](pqxx::work& work) {
        exec(work, "update penstock.controller set socket = null, uid = null");
    });
}

void Session::set_search_path(const std::vector<std::string>& path) {
    const std::string names = nlohmann::json(path).dump();
    impl_->write([&](pqxx::work& work) {
        exec(work,
             "select penstock.set_search_path(names || case when 'penstock' = any (names) then "
             "'{}'::text[] else '{penstock}' end) from (select case when $1::jsonb = '[]' then "
             "array['$user', 'public'] || array(select schema_name::text from penstock.live_schema "
             "where is_ours order by schema_name) else array(select jsonb_array_elements_text("
             "$1::jsonb)) end as names) wanted",
             names);
    });
}

} // namespace penstock::catalog
