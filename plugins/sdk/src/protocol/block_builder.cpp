#include "penstock/protocol/block_builder.hpp"

#include "penstock/protocol/frame.hpp"

namespace penstock {

namespace {

/// A data area larger than this is given back after its block: a single huge value must not stay
/// in memory for the rest of the scan.
constexpr std::size_t kKeptDataBytes = 8 * kTargetBlockBytes;

constexpr std::size_t align_area(std::size_t offset) {
    return (offset + 7) & ~std::size_t{7};
}

/// Places the areas one behind the other; without a `base` it only measures.
class Layout {
  public:
    explicit Layout(std::size_t column_count)
        : next_(sizeof(BlockHeader) + column_count * sizeof(ColumnArea)) {}

    /// Offset of the area, 0 for an empty one.
    std::uint32_t place(std::span<const std::byte> area, std::byte* base) {
        if (area.empty()) {
            return 0;
        }
        const std::size_t offset = align_area(next_);
        if (base != nullptr) {
            std::memset(base + next_, 0, offset - next_);
            std::memcpy(base + offset, area.data(), area.size());
        }
        next_ = offset + area.size();
        return static_cast<std::uint32_t>(offset);
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return next_; }

  private:
    std::size_t next_;
};

/// The bytes of one column, wherever they are.
struct ColumnBytes {
    std::span<const std::byte> nulls;
    std::span<const std::byte> values;
    std::span<const std::byte> data;
};

ColumnBytes bytes_of(const ColumnBuilder& column, std::uint32_t row_count) {
    if (column.row_count() != row_count) {
        throw Exception(ErrorKind::kInternal, "plugin appended " +
                                                  std::to_string(column.row_count()) +
                                                  " values to a column of a block with " +
                                                  std::to_string(row_count) + " rows");
    }
    return {std::as_bytes(column.nulls_area()), column.values_area(), column.data_area()};
}

ColumnBytes bytes_of(const ColumnView& column, std::uint32_t row_count) {
    const std::size_t stride = column.width != 0 ? column.width : sizeof(std::uint32_t);
    const std::size_t null_bytes = column.nulls != nullptr ? (std::size_t{row_count} + 7) / 8 : 0;
    return {std::as_bytes(std::span(column.nulls, null_bytes)),
            {column.values, row_count * stride},
            {column.data, column.data_bytes}};
}

ColumnArea place_column(const ColumnBytes& column, Layout& layout, std::byte* base) {
    ColumnArea area{};
    area.nulls_offset = layout.place(column.nulls, base);
    area.values_offset = layout.place(column.values, base);
    area.data_offset = layout.place(column.data, base);
    area.data_bytes = static_cast<std::uint32_t>(column.data.size());
    return area;
}

template <typename Column>
std::size_t measure(std::span<const Column> columns, std::uint32_t row_count) {
    Layout layout(columns.size());
    for (const Column& column : columns) {
        place_column(bytes_of(column, row_count), layout, nullptr);
    }
    if (layout.bytes() > kMaxFrameBytes) {
        throw Exception(ErrorKind::kLimit, "rows are too large",
                        std::to_string(row_count) + " rows have " + std::to_string(layout.bytes()) +
                            " bytes; the limit is " + std::to_string(kMaxFrameBytes) + '.',
                        "Select fewer or shorter columns.");
    }
    return layout.bytes();
}

template <typename Column>
void build(std::span<const Column> columns, std::uint32_t row_count,
           std::vector<std::byte>& frame) {
    const std::size_t payload_bytes = measure(columns, row_count);
    frame.resize(kFrameHeaderBytes + payload_bytes);
    const FrameHeader frame_header =
        make_header(FrameKind::kBlock, static_cast<std::uint32_t>(payload_bytes));
    std::memcpy(frame.data(), &frame_header, sizeof(frame_header));
    std::byte* const payload = frame.data() + kFrameHeaderBytes;
    const BlockHeader header{row_count, static_cast<std::uint16_t>(columns.size()), 0};
    std::memcpy(payload, &header, sizeof(header));
    Layout layout(columns.size());
    std::byte* entry = payload + sizeof(header);
    for (const Column& column : columns) {
        const ColumnArea area = place_column(bytes_of(column, row_count), layout, payload);
        std::memcpy(entry, &area, sizeof(area));
        entry += sizeof(area);
    }
}

} // namespace

ColumnBuilder::ColumnBuilder(TypeId type) : type_(type), stride_(sizeof(std::uint32_t)) {
    const TypeInfo* entry = find_type(type);
    if (entry == nullptr) {
        throw Exception(ErrorKind::kInternal,
                        "unknown type " + std::to_string(static_cast<unsigned>(type)));
    }
    if (entry->width != 0) {
        stride_ = entry->width;
    }
}

void ColumnBuilder::start_nulls() {
    has_nulls_ = true;
    nulls_.assign((row_count_ + 7) / 8, 0xFF);
    if ((row_count_ & 7U) != 0) {
        nulls_.back() = static_cast<std::uint8_t>((1U << (row_count_ & 7U)) - 1);
    }
}

void ColumnBuilder::clear() noexcept {
    row_count_ = 0;
    has_nulls_ = false;
    nulls_.clear();
    values_.clear();
    data_.clear();
    if (data_.capacity() > kKeptDataBytes) {
        data_ = DataArea();
    }
}

void build_block_frame(std::span<const ColumnBuilder> columns, std::uint32_t row_count,
                       std::vector<std::byte>& frame) {
    build(columns, row_count, frame);
}

void build_block_frame(std::span<const ColumnView> columns, std::uint32_t row_count,
                       std::vector<std::byte>& frame) {
    build(columns, row_count, frame);
}

} // namespace penstock
