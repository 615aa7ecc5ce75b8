#pragma once

#include "penstock/protocol/block_builder.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// The distinct combinations of the key columns, numbered in the order in which they first came.
///
/// A key of one column of at most 8 bytes is hashed as an integer, every other as bytes. Values
/// that PostgreSQL takes for equal (NaN and NaN, -0 and 0) are one group, shown as its first.
class GroupKeys {
  public:
    static constexpr std::uint32_t kNoGroup = UINT32_MAX;
    /// A row whose key is not there. Equal keys have equal hashes.
    struct Miss {
        std::uint32_t row;
        std::uint64_t hash;
    };

    /// `positions`: where the key columns are in a block; `types`: theirs. None: one group, which
    /// is there from the start.
    GroupKeys(std::vector<std::size_t> positions, const std::vector<TypeId>& types);

    /// Writes the number of its group for each of `rows` into `groups`, which has room for as many.
    void assign(std::span<const ColumnView> columns, std::span<const std::uint32_t> rows,
                std::span<std::uint32_t> groups);

    /// Takes no further groups: their rows get kNoGroup and are misses.
    void close() noexcept { is_closed_ = true; }
    /// Of the last assign(), in the order of its rows.
    [[nodiscard]] std::span<const Miss> misses() const noexcept { return misses_; }

    [[nodiscard]] std::uint32_t group_count() const noexcept { return group_count_; }
    /// What the keys take, roughly.
    [[nodiscard]] std::size_t bytes() const noexcept;
    /// The keys, a row for each group.
    [[nodiscard]] std::span<const ColumnBuilder> keys() const noexcept { return keys_; }

  private:
    /// Open addressing; at most half full.
    struct Slot {
        std::uint64_t hash = 0;
        std::uint32_t group = kNoGroup;
    };

    void assign_integers(std::span<const ColumnView> columns, std::span<const std::uint32_t> rows,
                         std::span<std::uint32_t> groups);
    void assign_bytes(std::span<const ColumnView> columns, std::span<const std::uint32_t> rows,
                      std::span<std::uint32_t> groups);
    /// The slot of this key, or the empty one where it belongs.
    template <typename IsEqual>
    Slot& find_slot(std::uint64_t hash, const IsEqual& is_equal);
    /// A single NULL is in no slot.
    std::uint32_t null_group(std::span<const ColumnView> columns, std::uint32_t row);
    std::uint32_t miss(std::uint32_t row, std::uint64_t hash);
    std::uint32_t append_key(std::span<const ColumnView> columns, std::uint32_t row);
    /// Adds a group with the key of `row`; its bytes are in the arena already. Ends `slot`'s life.
    std::uint32_t add_group(Slot& slot, std::uint64_t hash, std::span<const ColumnView> columns,
                            std::uint32_t row);
    void grow();
    [[nodiscard]] std::string_view bytes_of(std::uint32_t group) const noexcept;
    std::string_view serialize(std::span<const ColumnView> columns, std::uint32_t row);

    std::vector<std::size_t> positions_;
    bool is_integer_;
    std::vector<ColumnBuilder> keys_;
    std::uint32_t group_count_ = 0;
    std::uint32_t null_group_ = kNoGroup; ///< of a single key column
    std::vector<Slot> slots_;
    std::string arena_;             ///< not is_integer_: the keys' bytes, one behind the other
    std::vector<std::size_t> ends_; ///< of each group in arena_
    std::string scratch_;
    bool is_closed_ = false;
    std::vector<Miss> misses_;
};

/// Appends the value in `row` of `column` to `builder`, which is of the same type.
void copy_value(const ColumnView& column, std::uint32_t row, ColumnBuilder& builder);

/// A builder's rows as a block has them.
[[nodiscard]] ColumnView view_of(const ColumnBuilder& builder);

} // namespace penstock
