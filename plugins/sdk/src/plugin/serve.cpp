#include "command_line.hpp"
#include "current_error.hpp"
#include "penstock/protocol/quiet.hpp"
#include "plugin_server.hpp"
#include "run_by_hand.hpp"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

namespace penstock {

namespace {

void print_error(const PluginInfo& info, const Error& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s: %s\n", info.name.c_str(), error.message.c_str());
    if (!error.detail.empty()) {
        std::fprintf(stderr, "detail: %s\n", error.detail.c_str());
    }
    if (!error.hint.empty()) {
        std::fprintf(stderr, "hint: %s\n", error.hint.c_str());
    }
}

/// Peers that wait have two descriptors each, scans that run also those of their source: the usual
/// limit of 1024 would leave none for the last of them, and they would be closed without a word.
void raise_descriptor_limit() {
    constexpr rlim_t kDescriptors = 4096;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < kDescriptors) {
        limit.rlim_cur = std::min(kDescriptors, limit.rlim_max);
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int run_server(Plugin& plugin, const CommandLine& line) {
    // Scans run in short-lived threads: with one heap for each core and more, memory that a scan
    // gave back would stay with the heap it came from.
    mallopt(M_ARENA_MAX, 2);
    (void)std::signal(SIGPIPE, SIG_IGN);
    (void)std::signal(SIGXFSZ,
                      SIG_IGN); // a temporary file that may not grow is an error of its scan
    raise_descriptor_limit();
    silence_protobuf(); // a hostile client must not fill our log
    // No core file, no look into memory or environment: connections have secrets.
    (void)prctl(PR_SET_DUMPABLE, 0);
    ServerOptions options;
    options.socket_path = line.socket_path;
    options.allowed_uids = line.allowed_uids;
    options.cache = line.cache;
    PluginServer server(plugin, options);
    return server.run();
}

int run(Plugin& plugin, const CommandLine& line) {
    switch (line.mode) {
    case CommandLine::Mode::kServe:
        return run_server(plugin, line);
    case CommandLine::Mode::kInfo:
        print_info(plugin, line);
        break;
    case CommandLine::Mode::kScan:
        print_scan(plugin, line);
        break;
    case CommandLine::Mode::kHelp:
        print_help(plugin.info());
        break;
    }
    return std::fflush(stdout) == 0 ? 0 : 1;
}

} // namespace

int serve(Plugin& plugin, int argc, char** argv) {
    constexpr int kUsageError = 2;
    PluginInfo info;
    try {
        info = plugin.info();
        const Result<CommandLine> line = parse_command_line(argc, argv);
        if (!line) {
            print_error(info, line.error());
            return kUsageError;
        }
        return run(plugin, line.value());
    } catch (...) {
        print_error(info, current_error());
        return 1;
    }
}

} // namespace penstock
