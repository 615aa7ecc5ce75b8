#include "cli/shell_command.hpp"

#include "cli/database.hpp"
#include "cli/environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/service.hpp"
#include "cluster/cluster.hpp"
#include "query/session.hpp"

#include <libpq-fe.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace penstock::cli {
namespace {

/// The server's own psql; the one on the path may be a script that looks for clusters first.
void execute_psql(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "psql");
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    ::execv((cluster::default_server_programs() / "psql").c_str(), argv.data());
    ::execvp("psql", argv.data());
}

} // namespace

void run_shell(const std::vector<std::string>& arguments) {
    const cluster::Home home = look_at_home();
    (void)connect(home); // its error says how to start the service; psql's would not
    set_environment(home);
    execute_psql(arguments);
    throw Exception(ErrorKind::kNotFound,
                    std::string("could not run psql: ") + std::strerror(errno), {},
                    "Install it, on Debian with: apt-get install postgresql-client");
}

int print_prompt() {
    constexpr const char* kWaiting =
        "select '(' || string_agg(count || ' ' || state, ', ' order by place) || ')' from "
        "(select s.state, w.place, count(*) from penstock.connection_state s "
        "join unnest(array['pending', 'updating', 'deleting']) with ordinality w (state, place) "
        "on w.state = s.state group by s.state, w.place) one";
    try {
        query::Session session("options='-c statement_timeout=1000'");
        const query::ResultPointer result = session.run(kWaiting);
        std::fputs(PQgetvalue(result.get(), 0, 0), stdout);
    } catch (const Exception&) {
        return kSuccess;
    }
    return kSuccess;
}

} // namespace penstock::cli
