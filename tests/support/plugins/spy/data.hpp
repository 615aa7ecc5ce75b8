#pragma once

#include "penstock/types/schema.hpp"
#include "penstock/types/value.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// The rows that the spy serves: the same for the same seed, on every machine, in every process.
namespace spy {

using Row = std::vector<penstock::Value>;

/// A small generator of random numbers; the standard ones differ between libraries.
/// Source: splitmix64 (public domain).
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    /// 0 … limit - 1.
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(next() % limit); }
    bool is_one_in(std::size_t count) { return below(count) == 0; }

  private:
    std::uint64_t state_;
};

/// A table without what a connection promises about it.
struct DataTable {
    std::string name;
    std::vector<penstock::Column> columns; ///< names, types and keys
    std::vector<Row> rows;
};

/// All tables of a seed: every type of the wire, NULLs, columns that are unique, skewed, or full of
/// edges; tables that are empty, of one block, of several, and that need keys.
std::vector<DataTable> make_data(std::uint64_t seed);

} // namespace spy
