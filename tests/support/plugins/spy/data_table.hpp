#pragma once

#include "data.hpp"
#include "request_log.hpp"

namespace spy {

/// Tables over the data of `data_seed`, with promises drawn from `seed`: for each column and
/// operator exact, superset or none, optional keys, estimates. Seed 0 promises nothing, seed 1
/// everything.
std::vector<std::shared_ptr<penstock::Table>>
make_data_tables(std::uint64_t data_seed, std::uint64_t seed, std::shared_ptr<RequestLog> log);

} // namespace spy
