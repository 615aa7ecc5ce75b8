#include "cli/app.hpp"

#include "cli/duration.hpp"
#include "cli/exit_code.hpp"
#include "cli/messages.hpp"
#include "cli/query_command.hpp"
#include "cli/service.hpp"
#include "cli/shell_command.hpp"
#include "query/output.hpp"
#include "query/pager.hpp"

#include <CLI/CLI.hpp>

#include <stdio_ext.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>

// The only file that includes CLI11: it costs seconds to compile.
namespace penstock::cli {
namespace {

constexpr const char* kFooter =
    R"help(Exit codes: 0 everything succeeded · 1 a statement or the command failed · 2 wrong arguments
            3 the service does not run or cannot be reached · 130 interrupted

Environment: PENSTOCK_HOME  the install folder (default: ~/.penstock)
             PENSTOCK_USER  user that root runs the service as (default: penstock, else postgres)

Examples:
  penstock service start
  penstock query "select name, pid from system.system_process order by pid limit 5"
  penstock shell)help";

constexpr const char* kQueryFooter = R"help(Examples:
  penstock query "select 1" "select 2"
  penstock query report.sql --output csv > report.csv
  echo "select * from connection_state" | penstock query --output ndjson
Write -- before SQL that begins with a dash.

A statement that misses a table waits for its connection when that is still loading, and is then
run again; after --wait-timeout it fails. Every statement is run, also after one that failed.)help";

constexpr const char* kShellFooter =
    R"help(All that follows goes to psql, but for --help as the first word.
In it:  :connections  :tables  :errors  show what there is and what is wrong; a prompt such as
        penstock(2 updating)=> says what is still being loaded; ~/.psqlrc counts as always.
Examples:
  penstock shell
  penstock shell --csv -c "select * from connection_state"
The same for a psql of your own:  eval "$(penstock service env)"; psql)help";

/// Where CLI11 puts what it reads; `action` is what to do then.
struct CommandLine {
    ServiceOptions service;
    query::RunOptions query;
    std::string format = "table";
    std::string separator = ",";
    std::vector<std::string> statements;
    std::vector<std::string> psql_arguments;
    std::string connection;
    std::vector<std::string> connections;
    std::string search_path;
    std::string search_path_prefix;
    std::string wait_limit = "30s";
    std::string plugin_folder;
    bool has_pager = true;
    bool is_service_command = false; ///< "not running" is a failure of theirs, not a way to fail
    std::function<int()> action;

    [[nodiscard]] query::OutputOptions output() const {
        query::OutputOptions options = query.output;
        options.format = *query::format_from_text(format);
        options.has_pager = has_pager && query::can_page();
        options.separator = separator == "\\t" ? '\t' : separator.front();
        return options;
    }
    [[nodiscard]] query::RunOptions run_options() const {
        query::RunOptions options = query;
        options.output = output();
        options.wait.limit = duration_from_text(wait_limit);
        options.path = {names_of(search_path), names_of(search_path_prefix)};
        return options;
    }

  private:
    static std::vector<std::string> names_of(const std::string& list) {
        return list.empty() ? std::vector<std::string>{} : query::names_from_list(list);
    }
};

std::string check_separator(const std::string& text) {
    const bool is_good =
        text == "\\t" || (text.size() == 1 && text.find_first_of("\"\n\r") == std::string::npos);
    return is_good ? ""
                   : "the separator must be one character, not a quote or a newline (\\t = tab)";
}

void add_format(CLI::App& command, CommandLine& line) {
    command.add_option("--output", line.format, "format of the output (default: table)")
        ->check(CLI::IsMember(query::format_names()));
    command.add_flag_callback(
        "--no-pager", [&line] { line.has_pager = false; },
        "print long tables without $PSQL_PAGER or $PAGER, which only a terminal gets");
}

void add_server_options(CLI::App& command, CommandLine& line) {
    command.add_option("--pg-bindir", line.service.server_programs,
                       "folder of PostgreSQL's server programs");
}

void add_start_options(CLI::App& command, CommandLine& line) {
    add_server_options(command, line);
    command.add_option("--database", line.service.database,
                       "URL of a PostgreSQL server to use instead of the private one; it is kept; "
                       "\"private\" goes back");
    command.add_option("--plugin-dir", line.service.plugin_folder,
                       "folder of the plugins' executables");
    command.add_option("--library-dir", line.service.library_folder,
                       "folder of penstock.so, when it is not installed");
    command.add_flag("--sample", line.service.has_sample,
                     "write sample connections (system, csv) into the config folder");
}

CLI::App* add_command(CLI::App& parent, CommandLine& line, const char* name, const char* help,
                      std::function<int()> action) {
    CLI::App* command = parent.add_subcommand(name, help);
    command->callback([&line, action = std::move(action)] { line.action = action; });
    return command;
}

void add_service_commands(CLI::App& app, CommandLine& line) {
    CLI::App* service = app.add_subcommand("service", "start, stop and look at the service");
    service->require_subcommand(1);
    service->callback([&line] { line.is_service_command = true; });
    add_start_options(*add_command(*service, line, "start",
                                   "start the service and wait until its connections are ready",
                                   [&line] { return start_service(line.service); }),
                      line);
    add_server_options(*add_command(*service, line, "stop",
                                    "stop the service and all its processes",
                                    [&line] { return stop_service(line.service); }),
                       line);
    add_start_options(*add_command(*service, line, "restart", "stop, then start",
                                   [&line] { return restart_service(line.service); }),
                      line);
    CLI::App* status =
        add_command(*service, line, "status", "show what runs; exit code 3 when it does not",
                    [&line] { return show_status(line.service, line.format == "json"); });
    status->add_option("--output", line.format, "format of the output (default: table)")
        ->check(CLI::IsMember({"table", "json"}));
    add_command(*service, line, "env", "print exports for psql: eval \"$(penstock service env)\"",
                [] { return show_environment(); });
}

void add_query_command(CLI::App& app, CommandLine& line) {
    CLI::App* query = add_command(app, line, "query", "run SQL and print its results", [&line] {
        return run_query(line.statements, line.run_options());
    });
    query->add_option("sql", line.statements,
                      "SQL, a file whose name ends in .sql, or - for standard input");
    add_format(*query, line);
    query->add_flag("--header,!--no-header", line.query.output.has_header,
                    "column names in table and csv output (default: yes)");
    query
        ->add_option("--separator", line.separator, "between the fields of csv output (default: ,)")
        ->check(CLI::Validator(check_separator, "CHARACTER"));
    query->add_flag("--stop-on-error", line.query.stops_on_error,
                    "do not run the statements after one that failed");
    query->add_flag("--timing", line.query.has_timing,
                    "after each statement its time, rows and scans on standard error");
    query->add_option("--search-path", line.search_path,
                      "schemas for names without one, separated by commas, in place of the "
                      "server's; waits for their connections first");
    query->add_option("--search-path-prefix", line.search_path_prefix,
                      "schemas that go before the search path");
    query->add_option("--wait-timeout", line.wait_limit,
                      "how long a statement waits for its connections (default: 30s; 0: not)");
    query->footer(kQueryFooter);
}

void add_shell_commands(CLI::App& app, CommandLine& line) {
    CLI::App* shell = add_command(app, line, "shell", "psql on the service's database",
                                  [&line]() -> int { run_shell(line.psql_arguments); });
    shell->add_option("argument", line.psql_arguments, "psql's own, whatever they are");
    shell->footer(kShellFooter);
    add_command(app, line, "prompt", "for psql's prompt", [] { return print_prompt(); })->group("");
}

void add_list_commands(CLI::App& app, CommandLine& line) {
    CLI::App* connection =
        app.add_subcommand("connection", "list connections, refresh them, wait for them");
    connection->require_subcommand(1);
    add_format(*add_command(*connection, line, "list", "show every connection and its state",
                            [&line] { return list_connections(line.output()); }),
               line);
    add_command(*connection, line, "refresh",
                "look at a connection's source again, or at all; wait until it is done",
                [&line] { return refresh_connections(line.connection); })
        ->add_option("name", line.connection, "name of the connection (default: all)");
    CLI::App* wait =
        add_command(*connection, line, "wait", "wait until connections are ready", [&line] {
            return wait_for_connections(line.connections, duration_from_text(line.wait_limit));
        });
    wait->add_option("name", line.connections, "names of the connections (default: all)");
    wait->add_option("--timeout", line.wait_limit,
                     "how long (default: 30s); then exit code 1 and the states");
    CLI::App* plugin = app.add_subcommand("plugin", "list plugins");
    plugin->require_subcommand(1);
    CLI::App* list =
        add_command(*plugin, line, "list", "show the plugins and how they run",
                    [&line] { return list_plugins(line.plugin_folder, line.output()); });
    add_format(*list, line);
    list->add_option("--plugin-dir", line.plugin_folder, "folder of the plugins' executables");
}

ExitCode exit_code_of(const Error& error, bool is_service_command) {
    if (error.kind == ErrorKind::kUnavailable && !is_service_command) {
        return kUnreachable;
    }
    return error.kind == ErrorKind::kOption ? kUsage : kFailed;
}

int act(const CommandLine& line) {
    try {
        return line.action();
    } catch (const Exception& exception) {
        print_error(exception.error());
        return exit_code_of(exception.error(), line.is_service_command);
    } catch (const query::Interrupted&) {
        ::__fpurge(stdout); // nobody may read it, and the end of the process would wait
        std::fputs("penstock: interrupted\n", stderr);
        return kInterrupted;
    } catch (const query::OutputClosed& closed) {
        if (closed.error == EPIPE) {
            return kSuccess;
        }
        std::fprintf(stderr, "penstock: could not write the output: %s\n",
                     std::strerror(closed.error));
    } catch (const std::exception& exception) {
        std::fprintf(stderr, "penstock: %s\n", exception.what());
    }
    return kFailed;
}

/// CLI11 says "A subcommand is required" when one is given that it does not know.
int report(const CLI::App& app, const CLI::ParseError& error) {
    const CLI::App* command = &app; // the innermost that was recognised
    while (!command->get_subcommands().empty()) {
        command = command->get_subcommands().front();
    }
    const std::vector<std::string> unknown = command->remaining();
    if (dynamic_cast<const CLI::RequiredError*>(&error) == nullptr || unknown.empty()) {
        return app.exit(error) == 0 ? kSuccess : kUsage;
    }
    std::string names;
    for (const CLI::App* known : command->get_subcommands({})) {
        if (!known->get_group().empty()) {
            names += (names.empty() ? "" : ", ") + known->get_name();
        }
    }
    print_error(Error::make(ErrorKind::kOption, "unknown command \"" + unknown.front() + "\"", {},
                            "The commands here are: " + names + ". Run with --help for more."));
    return kUsage;
}

} // namespace

int run(int argc, char** argv) {
    ::unsetenv("PGSERVICE"); // is of another server, and an error in all that libpq is asked for
    CLI::App app{"Penstock: SQL over anything, in PostgreSQL.", "penstock"};
    CommandLine line;
    app.set_version_flag("--version", "penstock " PENSTOCK_VERSION);
    app.require_subcommand(1);
    app.footer(kFooter);
    add_service_commands(app, line);
    add_query_command(app, line);
    add_shell_commands(app, line);
    add_list_commands(app, line);
    // What follows `shell` is psql's alone: some of its options have the names of ours.
    if (argc > 2 && std::strcmp(argv[1], "shell") == 0 && std::strcmp(argv[2], "--help") != 0) {
        line.psql_arguments.assign(argv + 2, argv + argc);
        argc = 2;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return report(app, error);
    }
    return act(line);
}

} // namespace penstock::cli
