#include "penstock/protocol/quiet.hpp"
#include "penstock/types/error.hpp"
#include "service/error_text.hpp"
#include "service/lock.hpp"
#include "service/logging.hpp"
#include "service/options.hpp"
#include "service/service.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <exception>
#include <iostream>

namespace {

/// Never let a secret out: no core files, and nothing we make is readable by others.
void protect_process() {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0); // the limit does not hold for a core_pattern that is a pipe
    umask(077);
    signal(SIGPIPE, SIG_IGN); // a peer that went away is an error of the write
}

int run(const penstock::service::Options& options) {
    options.home.create_folders();
    const penstock::service::ServiceLock lock(options.home.run() / "penstockd.lock");
    penstock::service::start_logging(options);
    return penstock::service::Service(options).run();
}

} // namespace

int main(int argc, char** argv) {
    try {
        protect_process();
        penstock::silence_protobuf(); // a hostile plugin must not fill the log
        const penstock::service::ParsedOptions parsed =
            penstock::service::parse_options(argc, argv);
        return parsed.options ? run(*parsed.options) : parsed.exit_code;
    } catch (const penstock::Exception& error) {
        std::cerr << "penstockd: " << penstock::service::one_line(error.error()) << '\n';
    } catch (const std::exception& error) {
        std::cerr << "penstockd: " << error.what() << '\n';
    }
    return 1;
}
