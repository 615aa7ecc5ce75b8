#include "cli/environment.hpp"

#include "cli/daemon.hpp"
#include "cli/database.hpp"
#include "cli/messages.hpp"

#include <cstdlib>

namespace penstock::cli {
namespace {

/// The file of the installation, or empty where there is none.
std::filesystem::path psqlrc() {
    std::filesystem::path file = program_folder().parent_path() / "share" / "penstock" / "psqlrc";
    std::error_code ignored;
    return std::filesystem::exists(file, ignored) ? file : std::filesystem::path();
}

constexpr const char* kUserFile = "PENSTOCK_USER_PSQLRC";

} // namespace

std::string environment_text(const cluster::Home& home) {
    std::string text;
    for (const Setting& setting : client_settings(home)) {
        text += setting.value ? "export " + setting.name + "=" + shell_quote(*setting.value)
                              : "unset " + setting.name;
        text += '\n';
    }
    const std::filesystem::path file = psqlrc();
    if (!file.empty()) {
        const std::string ours = shell_quote(file.string());
        // A file that the user had set before is read after ours.
        text += "[ \"${PSQLRC-}\" = " + ours + " ] || export " + kUserFile + "=\"${PSQLRC-}\"\n";
        text += "export PSQLRC=" + ours + "\nexport PENSTOCK_PROGRAM=" +
                shell_quote((program_folder() / "penstock").string()) + "\n";
    }
    return text;
}

void set_environment(const cluster::Home& home) {
    for (const Setting& setting : client_settings(home)) {
        setting.value ? ::setenv(setting.name.c_str(), setting.value->c_str(), 1)
                      : ::unsetenv(setting.name.c_str());
    }
    const std::filesystem::path file = psqlrc();
    if (file.empty()) {
        return;
    }
    const char* before = std::getenv("PSQLRC");
    if (before == nullptr || file != before) {
        ::setenv(kUserFile, before == nullptr ? "" : before, 1);
    }
    ::setenv("PSQLRC", file.c_str(), 1);
    ::setenv("PENSTOCK_PROGRAM", (program_folder() / "penstock").c_str(), 1);
}

} // namespace penstock::cli
