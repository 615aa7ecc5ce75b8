#include "cli/daemon.hpp"
#include "cli/database.hpp"
#include "cli/environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/readiness.hpp"
#include "cli/service.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>

namespace penstock::cli {
namespace {

struct Status {
    std::string home;
    std::optional<pid_t> controller;
    std::string database; ///< "private", or "other"
    bool is_reachable = false;
    std::string reason; ///< why it is not
    pid_t server = 0;   ///< 0: not ours, or not reachable
    Readiness connections;
};

/// Only asked when the server answers, so the number is not that of a dead one.
pid_t server_process(const cluster::Home& home) {
    std::ifstream stream(home.data() / "postmaster.pid");
    pid_t pid = 0;
    stream >> pid;
    return pid;
}

Status read_status(const cluster::Home& home) {
    Status status;
    status.home = home.root.string();
    status.controller = Daemon(home).running();
    try {
        status.database = stored_database(home) ? "other" : "private";
        const std::unique_ptr<query::Session> session = connect(home);
        status.connections = read_readiness(*session);
        status.is_reachable = true;
        status.server = status.database == "private" ? server_process(home) : 0;
    } catch (const Exception& exception) {
        const Error& error = exception.error();
        status.reason = error.detail.empty() ? error.message : error.detail;
    }
    return status;
}

void print_json(const Status& status) {
    nlohmann::ordered_json json;
    json["home"] = status.home;
    json["database"] = {{"kind", status.database}, {"is_reachable", status.is_reachable}};
    if (!status.is_reachable) {
        json["database"]["error"] = status.reason;
    }
    if (status.server != 0) {
        json["database"]["pid"] = status.server;
    }
    json["controller"] = {{"is_running", status.controller.has_value()}};
    if (status.controller) {
        json["controller"]["pid"] = *status.controller;
    }
    json["connections"] = status.connections.by_state;
    std::printf("%s\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

void print_text(const Status& status) {
    const std::string controller = status.controller
                                       ? "running, process " + std::to_string(*status.controller)
                                       : "not running";
    std::string database = status.database;
    if (!status.is_reachable) {
        database += ", not reachable: " + status.reason;
    } else if (status.server != 0) {
        database += ", running, process " + std::to_string(status.server);
    }
    std::string connections = status.connections.summary;
    if (connections.empty()) {
        connections = status.is_reachable ? "none" : "unknown";
    }
    std::printf("home         %s\ncontroller   %s\ndatabase     %s\nconnections  %s\n",
                status.home.c_str(), controller.c_str(), database.c_str(), connections.c_str());
}

} // namespace

int show_status(const ServiceOptions& /*options*/, bool is_json) {
    const Status status = read_status(look_at_home());
    is_json ? print_json(status) : print_text(status);
    return status.controller && status.is_reachable ? kSuccess : kUnreachable;
}

int show_environment() {
    std::fputs(environment_text(look_at_home()).c_str(), stdout);
    return kSuccess;
}

} // namespace penstock::cli
