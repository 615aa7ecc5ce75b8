#include "penstock/protocol/block.hpp"

#include <cstring>
#include <string>

namespace penstock {

namespace {

constexpr std::size_t kAreaAlignment = 8;

Error refuse(const std::string& what) {
    return Error::make(ErrorKind::kProtocol, "malformed block: " + what);
}

Error refuse_column(std::size_t column, const char* what) {
    return refuse("column " + std::to_string(column + 1) + ' ' + what);
}

/// Is [offset, offset + bytes) behind the column table and inside the payload? In 64 bits, so that
/// nothing wraps.
struct Bounds {
    std::uint64_t first;
    std::uint64_t end;
    [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t bytes) const noexcept {
        return offset >= first && offset <= end && bytes <= end - offset;
    }
};

/// Checks one entry of the column table. Returns what is wrong with it, or nullptr and `view`.
const char* open_column(std::span<const std::byte> payload, const ColumnArea& area,
                        std::uint32_t row_count, const Bounds& bounds, ColumnView& view) noexcept {
    const std::uint64_t nulls_bytes = (std::uint64_t{row_count} + 7) / 8;
    if (area.nulls_offset != 0 && !bounds.holds(area.nulls_offset, nulls_bytes)) {
        return "has its NULL bits outside the block";
    }
    const std::uint64_t stride = view.width != 0 ? view.width : sizeof(std::uint32_t);
    if (!bounds.holds(area.values_offset, row_count * stride)) {
        return "has its values outside the block";
    }
    if (((area.nulls_offset | area.values_offset | area.data_offset) % kAreaAlignment) != 0) {
        return "has a misaligned area";
    }
    if (view.width != 0 && (area.data_offset != 0 || area.data_bytes != 0)) {
        return "is of a fixed width and has a data area";
    }
    if (area.data_bytes != 0 && !bounds.holds(area.data_offset, area.data_bytes)) {
        return "has its data outside the block";
    }
    view.nulls = area.nulls_offset == 0
                     ? nullptr
                     : reinterpret_cast<const std::uint8_t*>(payload.data() + area.nulls_offset);
    view.values = payload.data() + area.values_offset;
    view.data = area.data_bytes == 0 ? nullptr : payload.data() + area.data_offset;
    view.data_bytes = area.data_bytes;
    return nullptr;
}

} // namespace

Result<std::uint32_t> open_block(std::span<const std::byte> payload, std::span<const TypeId> types,
                                 std::span<ColumnView> columns) {
    if (payload.size() < sizeof(BlockHeader)) {
        return refuse("shorter than its header");
    }
    if (reinterpret_cast<std::uintptr_t>(payload.data()) % kAreaAlignment != 0 ||
        columns.size() < types.size()) {
        return Error::make(ErrorKind::kInternal, "open_block() was called with a bad buffer");
    }
    BlockHeader header{};
    std::memcpy(&header, payload.data(), sizeof(header));
    if (header.column_count != types.size()) {
        return refuse(std::to_string(header.column_count) + " columns instead of " +
                      std::to_string(types.size()));
    }
    if (header.reserved != 0) {
        return refuse("reserved bytes are not zero");
    }
    const std::uint32_t max_rows = types.empty() ? kMaxEmptyBlockRows : kMaxBlockRows;
    if (header.row_count == 0 || header.row_count > max_rows) {
        return refuse(std::to_string(header.row_count) + " rows");
    }
    const Bounds bounds{sizeof(BlockHeader) + types.size() * sizeof(ColumnArea), payload.size()};
    if (bounds.first > bounds.end) {
        return refuse("shorter than its column table");
    }
    for (std::size_t index = 0; index < types.size(); ++index) {
        const TypeInfo* type = find_type(types[index]);
        if (type == nullptr) {
            return refuse_column(index, "is of an unknown type");
        }
        ColumnArea area{};
        std::memcpy(&area, payload.data() + sizeof(BlockHeader) + index * sizeof(area),
                    sizeof(area));
        columns[index].type = type->id;
        columns[index].width = type->width;
        if (const char* fault =
                open_column(payload, area, header.row_count, bounds, columns[index])) {
            return refuse_column(index, fault);
        }
    }
    return header.row_count;
}

} // namespace penstock
