#pragma once

#include "penstock/protocol/block_builder.hpp"
#include "penstock/types/request.hpp"

#include <cstdint>
#include <memory>
#include <span>

namespace penstock {

/// Rows of a block for one aggregate: which of them, and each one's group. `groups` is as long as
/// `rows`, or empty when there is only one group.
struct GroupedRows {
    std::span<const std::uint32_t> rows;
    std::span<const std::uint32_t> groups;
};

/// The state of one aggregate for all groups, as PostgreSQL's own transition functions keep it:
/// the same order of additions, the same overflows, NULL for no value (count: 0).
class Accumulator {
  public:
    Accumulator() = default;
    Accumulator(const Accumulator&) = delete;
    Accumulator& operator=(const Accumulator&) = delete;
    virtual ~Accumulator() = default;

    /// Makes room; called before add() whenever there are more groups.
    virtual void resize(std::uint32_t group_count) = 0;
    /// Adds the values of `column`; of count(*), which has none, it is nullptr.
    /// Errors: throws Exception kData 22003 as the server's own function does.
    virtual void add(const ColumnView* column, const GroupedRows& rows) = 0;
    /// Rows of a block without columns, which only count(*) is over.
    virtual void add_rows(std::uint64_t row_count);
    virtual void append_result(std::uint32_t group, ColumnBuilder& result) const = 0;
    /// What the states of all groups take, roughly.
    [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;
};

/// Errors: throws Exception kProtocol when aggregate_result() does not know the call.
[[nodiscard]] std::unique_ptr<Accumulator> make_accumulator(const AggregateCall& call);

} // namespace penstock
