#include "cli/app.hpp"

#include <fcntl.h>

namespace {

/// A standard stream that is closed would become the number of the next file or socket. Nothing can
/// be written to what takes its place here, so output that nobody gets is an error.
void fill_standard_descriptors() {
    for (int descriptor = 0; descriptor <= 2; ++descriptor) {
        if (::fcntl(descriptor, F_GETFD) < 0) {
            (void)::open("/dev/null", O_RDONLY); // takes the lowest number that is free
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    fill_standard_descriptors();
    return penstock::cli::run(argc, argv);
}
