#include "block_reader.hpp"

#include "penstock/protocol/datum_check.hpp"
#include "penstock/protocol/datum_decode.hpp"
#include "penstock/protocol/frame.hpp"

namespace penstock {

Value read_value(const ColumnView& column, std::uint32_t row, const std::string& name) {
    if (column.is_null(row)) {
        return {};
    }
    const std::byte* value = column.values + std::size_t{row} * column.width;
    const DatumFault fault =
        column.width != 0 ? check_fixed(column.type, value) : check_varlena(column, row, &value);
    if (fault != DatumFault::kOk) {
        throw Exception(ErrorKind::kProtocol,
                        "value of column \"" + name + "\" " + describe(fault));
    }
    return decode_datum(column.type, value);
}

BlockReader::BlockReader(std::vector<RequestedColumn> columns, OnRow on_row)
    : columns_(std::move(columns)), views_(columns_.size()), on_row_(std::move(on_row)) {
    for (const RequestedColumn& column : columns_) {
        types_.push_back(column.type);
    }
}

void BlockReader::write_frame(std::span<const std::byte> frame) {
    const auto cut = cut_frame(frame).take();
    if (!cut || cut->kind != FrameKind::kBlock || cut->frame_bytes != frame.size()) {
        throw Exception(ErrorKind::kProtocol, "not exactly one block frame");
    }
    const std::uint32_t rows = open_block(cut->payload, types_, views_).take();
    row_count_ += rows;
    for (std::uint32_t row = 0; row < rows && !columns_.empty(); ++row) {
        std::vector<Value> values;
        values.reserve(columns_.size());
        for (std::size_t column = 0; column < columns_.size(); ++column) {
            values.push_back(read_value(views_[column], row, columns_[column].name));
        }
        on_row_(std::move(values));
    }
}

} // namespace penstock
