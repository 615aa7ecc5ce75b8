#include "block_reader.hpp"

#include "penstock/protocol/datum_check.hpp"
#include "penstock/protocol/datum_decode.hpp"
#include "penstock/protocol/frame.hpp"

namespace penstock {

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
            values.push_back(read_value(column, row));
        }
        on_row_(std::move(values));
    }
}

Value BlockReader::read_value(std::size_t column, std::uint32_t row) const {
    const ColumnView& view = views_[column];
    if (view.is_null(row)) {
        return {};
    }
    const std::byte* value = view.values + std::size_t{row} * view.width;
    const DatumFault fault =
        view.width != 0 ? check_fixed(view.type, value) : check_varlena(view, row, &value);
    if (fault != DatumFault::kOk) {
        throw Exception(ErrorKind::kProtocol,
                        "value of column \"" + columns_[column].name + "\" " + describe(fault));
    }
    return decode_datum(view.type, value);
}

} // namespace penstock
