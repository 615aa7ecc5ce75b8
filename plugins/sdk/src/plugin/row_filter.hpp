#pragma once

#include "penstock/protocol/block.hpp"
#include "penstock/types/request.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace penstock {

/// Conditions joined by AND, decided over whole columns of a block.
class RowFilter {
  public:
    /// `qual` is one that can_evaluate() takes; `position`: where its column is in a block.
    /// Errors: throws Exception kInternal for a value that is not of the condition's type.
    void add(const Qual& qual, std::size_t position);

    [[nodiscard]] bool is_empty() const noexcept { return conditions_.empty(); }

    /// Sets `mask[row]` to 0 for each row that does not satisfy all conditions; leaves the others.
    void apply(std::span<const ColumnView> columns, std::span<std::uint8_t> mask) const;

  private:
    struct Condition {
        std::size_t position;
        QualOp op;
        std::vector<std::int64_t> orders; ///< of the values, ascending; integer order
        std::vector<std::string> texts;   ///< of the values, ascending; order of bytes
    };
    static void apply(const Condition& condition, const ColumnView& column,
                      std::span<std::uint8_t> mask);

    std::vector<Condition> conditions_;
};

} // namespace penstock
