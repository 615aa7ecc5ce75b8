#include "cli/messages.hpp"

#include <cstdio>

namespace penstock::cli {

std::string error_text(const Error& error) {
    std::string text = "penstock: " + error.message + "\n";
    if (!error.detail.empty()) {
        text += "DETAIL:  " + error.detail + "\n";
    }
    if (!error.hint.empty()) {
        text += "HINT:  " + error.hint + "\n";
    }
    return text;
}

void print_error(const Error& error) {
    std::fflush(stdout);
    std::fputs(error_text(error).c_str(), stderr);
}

std::string shell_quote(const std::string& text) {
    std::string quoted = "'";
    for (const char letter : text) {
        quoted += letter == '\'' ? "'\\''" : std::string(1, letter);
    }
    return quoted + "'";
}

} // namespace penstock::cli
