#include "cli/query_command.hpp"

#include "cli/database.hpp"
#include "cli/exit_code.hpp"
#include "penstock/types/error.hpp"
#include "query/interrupt.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

namespace penstock::cli {
namespace {

query::Script read_stream(std::istream& stream, const std::string& name) {
    query::Script script{{std::istreambuf_iterator<char>(stream), {}}, name};
    constexpr const char* kByteOrderMark = "\xEF\xBB\xBF";
    if (script.text.rfind(kByteOrderMark, 0) == 0) {
        script.text.erase(0, 3);
    }
    return script;
}

query::Script read_script(const std::string& argument) {
    if (argument == "-") {
        return read_stream(std::cin, "standard input");
    }
    if (std::filesystem::path(argument).extension() != ".sql") {
        return {argument, ""};
    }
    std::ifstream file(argument);
    if (!file || std::filesystem::is_directory(argument)) {
        throw Exception(ErrorKind::kNotFound, "could not open file \"" + argument + "\": " +
                                                  std::strerror(errno == 0 ? EISDIR : errno));
    }
    return read_stream(file, argument);
}

} // namespace

std::vector<query::Script> read_scripts(const std::vector<std::string>& arguments,
                                        bool is_input_terminal) {
    if (arguments.empty() && is_input_terminal) {
        throw Exception(ErrorKind::kOption, "there is nothing to run", {},
                        "Give SQL, a file whose name ends in .sql, or pipe SQL into it; for an "
                        "interactive shell: eval \"$(penstock service env)\"; psql");
    }
    std::vector<query::Script> scripts;
    for (const std::string& argument :
         arguments.empty() ? std::vector<std::string>{"-"} : arguments) {
        scripts.push_back(read_script(argument));
    }
    return scripts;
}

int run_query(const std::vector<std::string>& arguments, const query::RunOptions& options) {
    const std::vector<query::Script> scripts = read_scripts(arguments, ::isatty(STDIN_FILENO) == 1);
    const query::InterruptGuard interrupt;
    const std::unique_ptr<query::Session> session = connect(cluster::Home::from_environment());
    try {
        return query::run_scripts(*session, scripts, options, stdout) ? kSuccess : kFailed;
    } catch (const query::OutputClosed&) {
        session->cancel(); // nobody reads the rest: the server need not make it
        throw;
    }
}

} // namespace penstock::cli
