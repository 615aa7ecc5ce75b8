#pragma once

#include "data.hpp"
#include "request_log.hpp"

namespace spy {

/// A table whose rows may be joined with others of its connection.
class JoinableTable : public penstock::Table {
  public:
    [[nodiscard]] virtual const std::vector<Row>& rows() const = 0;
};

/// Tables over the data of `data_seed`, with promises drawn from `seed`: for each column and
/// operator exact, superset or none, optional keys, estimates, joins. Seed 0 promises nothing, seed
/// 1 everything.
std::vector<std::shared_ptr<penstock::Table>>
make_data_tables(std::uint64_t data_seed, std::uint64_t seed, std::shared_ptr<RequestLog> log);

} // namespace spy
