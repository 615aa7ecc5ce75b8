#include "spilled_rows.hpp"

#include "column_values.hpp"
#include "group_keys.hpp"

#include "penstock/protocol/frame.hpp"
#include "penstock/types/error.hpp"

#include <fcntl.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

namespace penstock {

namespace {

constexpr unsigned kPartitionBits = 5;
constexpr unsigned kHashBits = 64;
static_assert(SpilledRows::kPartitions == 1U << kPartitionBits);

/// From errno.
[[noreturn]] void throw_file_error(const std::string& what) {
    const int number = errno;
    Error error =
        Error::make(ErrorKind::kLimit,
                    "could not " + what + " for groups that do not fit in the plugin's memory",
                    std::generic_category().message(number) + ".",
                    "The server does it elsewhere: set penstock.aggregate_pushdown = off.");
    if (number == ENOSPC || number == EDQUOT || number == EFBIG) {
        error.sqlstate = "53100";
    }
    throw Exception(std::move(error));
}

FileDescriptor open_file() {
    const char* wanted = getenv("TMPDIR"); // NOLINT(concurrency-mt-unsafe): nobody sets it
    const std::string folder = wanted != nullptr && *wanted != '\0' ? wanted : "/var/tmp";
    FileDescriptor file(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file.is_open() && (errno == EOPNOTSUPP || errno == EISDIR)) { // not every file system can
        std::string name = folder + "/penstock-XXXXXX";
        file = FileDescriptor(mkostemp(name.data(), O_CLOEXEC));
        if (file.is_open()) {
            unlink(name.c_str());
        }
    }
    if (!file.is_open()) {
        throw_file_error("make a temporary file in \"" + folder + '"');
    }
    return file;
}

/// The bits of the hash that no level above has used, as long as there are any.
std::size_t partition_of(std::uint64_t hash, unsigned level) {
    const unsigned turn = level % (kHashBits / kPartitionBits);
    return (hash >> (kHashBits - kPartitionBits * (turn + 1))) & (SpilledRows::kPartitions - 1);
}

std::size_t row_bytes(std::span<const ColumnView> columns, std::uint32_t row) {
    std::size_t bytes = 0;
    for (const ColumnView& column : columns) {
        const bool is_varlena = column.width == 0 && !column.is_null(row);
        bytes += is_varlena ? varlena_at(column, row).size() + sizeof(std::uint32_t) : column.width;
    }
    return bytes;
}

} // namespace

SpilledRows::SpilledRows(std::vector<TypeId> types, unsigned level)
    : types_(std::move(types)), level_(level), file_(open_file()) {
    for (Partition& partition : partitions_) {
        for (const TypeId type : types_) {
            partition.columns.emplace_back(type);
        }
    }
}

void SpilledRows::add(std::span<const ColumnView> columns, std::uint32_t row, std::uint64_t hash) {
    Partition& partition = partitions_[partition_of(hash, level_)];
    // Not behind others when it is large: a frame takes no more than its block did.
    const std::size_t bytes = row_bytes(columns, row);
    if (partition.bytes + bytes > kTargetBlockBytes ||
        partition.columns[0].row_count() >= kMaxBlockRows) {
        write_block(partition);
    }
    for (std::size_t index = 0; index < columns.size(); ++index) {
        copy_value(columns[index], row, partition.columns[index]);
    }
    partition.bytes += bytes;
}

void SpilledRows::finish() {
    for (Partition& partition : partitions_) {
        write_block(partition);
        partition.columns.clear();
    }
    frame_ = {};
}

void SpilledRows::write_block(Partition& partition) {
    const std::uint32_t row_count = partition.columns[0].row_count();
    if (row_count == 0) {
        return;
    }
    build_block_frame(partition.columns, row_count, frame_);
    partition.bytes = 0;
    for (ColumnBuilder& column : partition.columns) {
        column.clear();
    }
    partition.blocks.push_back({file_bytes_, frame_.size()});
    for (std::size_t written = 0; written < frame_.size();) {
        const ssize_t count = pwrite(file_.get(), frame_.data() + written, frame_.size() - written,
                                     static_cast<off_t>(file_bytes_ + written));
        if (count < 0 && errno != EINTR) {
            throw_file_error("write a temporary file");
        }
        written += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    file_bytes_ += frame_.size();
}

bool SpilledRows::is_empty(std::size_t partition) const {
    return partitions_[partition].blocks.empty();
}

void SpilledRows::replay(std::size_t partition, const OnBlock& on_block) const {
    std::vector<std::byte> frame;
    std::vector<ColumnView> columns(types_.size());
    for (const Extent& block : partitions_[partition].blocks) {
        frame.resize(block.bytes);
        for (std::size_t filled = 0; filled < frame.size();) {
            const ssize_t count = pread(file_.get(), frame.data() + filled, frame.size() - filled,
                                        static_cast<off_t>(block.offset + filled));
            if (count == 0) {
                errno = EIO;
            }
            if (count == 0 || (count < 0 && errno != EINTR)) {
                throw_file_error("read a temporary file");
            }
            filled += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
        }
        const std::uint32_t row_count =
            open_block(std::span(frame).subspan(kFrameHeaderBytes), types_, columns).take();
        on_block(columns, row_count);
    }
}

} // namespace penstock
