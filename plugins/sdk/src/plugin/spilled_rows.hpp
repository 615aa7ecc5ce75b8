#pragma once

#include "file_descriptor.hpp"

#include "penstock/protocol/block_builder.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace penstock {

/// Rows of groups for which there is no memory now, on disk in partitions by the hash of their key:
/// all rows of a group are in one, in the order in which they came.
///
/// One file without a name, in $TMPDIR, else /var/tmp; it goes with the object, or the process.
/// Errors: throws Exception kLimit, 53100 for a full disk.
class SpilledRows {
  public:
    static constexpr std::size_t kPartitions = 32;
    using OnBlock =
        std::function<void(std::span<const ColumnView> columns, std::uint32_t row_count)>;

    /// `types`: of the columns of each row. `level`: rows of one partition of level n are spread
    /// over all partitions of level n + 1.
    SpilledRows(std::vector<TypeId> types, unsigned level);

    void add(std::span<const ColumnView> columns, std::uint32_t row, std::uint64_t hash);
    /// No more rows come; before replay().
    void finish();
    [[nodiscard]] bool is_empty(std::size_t partition) const;
    void replay(std::size_t partition, const OnBlock& on_block) const;
    [[nodiscard]] unsigned level() const noexcept { return level_; }

  private:
    struct Extent {
        std::uint64_t offset;
        std::size_t bytes;
    };
    struct Partition {
        std::vector<ColumnBuilder> columns; ///< rows that are not in a block yet
        std::size_t bytes = 0;              ///< theirs
        std::vector<Extent> blocks;
    };
    /// Nothing when there are no rows to write.
    void write_block(Partition& partition);

    std::vector<TypeId> types_;
    unsigned level_;
    FileDescriptor file_;
    std::uint64_t file_bytes_ = 0;
    std::array<Partition, kPartitions> partitions_;
    std::vector<std::byte> frame_;
};

} // namespace penstock
