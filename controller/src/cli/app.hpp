#pragma once

namespace penstock::cli {

/// The program `penstock`. Returns its exit code; see `exit_code.hpp`.
[[nodiscard]] int run(int argc, char** argv);

} // namespace penstock::cli
