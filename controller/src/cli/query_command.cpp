#include "cli/query_command.hpp"

#include "cli/database.hpp"
#include "cli/exit_code.hpp"
#include "penstock/types/error.hpp"
#include "query/interrupt.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace penstock::cli {
namespace {

struct FileCloser {
    void operator()(std::FILE* file) const {
        if (file != stdin) {
            std::fclose(file);
        }
    }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

Exception file_error(const char* what, const std::string& name) {
    const std::string reason = std::strerror(errno);
    return {ErrorKind::kNotFound, std::string("could not ") + what + " " + name + ": " + reason};
}

query::Script read_file(const File& file, const std::string& name) {
    query::Script script{{}, name};
    std::array<char, 65536> buffer{};
    while (const std::size_t bytes = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
        script.text.append(buffer.data(), bytes);
    }
    if (std::ferror(file.get()) != 0) {
        throw file_error("read", name);
    }
    constexpr const char* kByteOrderMark = "\xEF\xBB\xBF";
    if (script.text.rfind(kByteOrderMark, 0) == 0) {
        script.text.erase(0, 3);
    }
    return script;
}

query::Script read_script(const std::string& argument) {
    if (argument == "-") {
        return read_file(File(stdin), "standard input");
    }
    if (std::filesystem::path(argument).extension() != ".sql") {
        return {argument, ""};
    }
    const File file(std::fopen(argument.c_str(), "re"));
    if (!file) {
        throw file_error("open", "file \"" + argument + "\"");
    }
    query::Script script = read_file(file, "file \"" + argument + "\"");
    script.name = argument;
    return script;
}

} // namespace

std::vector<query::Script> read_scripts(const std::vector<std::string>& arguments,
                                        bool is_input_terminal) {
    if (arguments.empty() && is_input_terminal) {
        throw Exception(ErrorKind::kOption, "there is nothing to run", {},
                        "Give SQL, a file whose name ends in .sql, or pipe SQL into it; for an "
                        "interactive shell: penstock shell");
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
    const std::unique_ptr<query::Session> session = connect(cluster::Home::from_environment());
    const query::InterruptGuard interrupt;
    return query::run_scripts(*session, scripts, options, stdout) ? kSuccess : kFailed;
}

} // namespace penstock::cli
