#include "child_output.hpp"

#include "block_reader.hpp"
#include "group_keys.hpp"
#include "value_to_json.hpp"

#include "penstock/plugin/jsonb.hpp"
#include "penstock/protocol/frame.hpp"

#include <algorithm>

namespace penstock {

namespace {

using Kind = ColumnSource::Kind;

/// Rows of a block that is made of a mere count.
constexpr std::uint32_t kCountedRows = 1U << 14;
/// Bytes of a value in a block at most, by its type or as an offset.
constexpr std::size_t kMaxStride = 16;

ColumnView empty_view(TypeId type) {
    ColumnView view{};
    view.type = type;
    view.width = find_type(type)->width;
    return view;
}

} // namespace

ChildOutput::ChildOutput(const ChildPlan& plan, const std::vector<RequestedColumn>& columns,
                         const std::string& plugin, BlockOutput& output)
    : plan_(plan), wanted_(columns), output_(output), child_views_(plan.request.columns.size()),
      views_(columns.size()) {
    for (const RequestedColumn& column : plan.request.columns) {
        child_types_.push_back(column.type);
    }
    for (const RequestedColumn& column : columns) {
        builders_.emplace_back(column.type);
    }
    const std::string& child = plan.request.connection;
    append_text(connection_, child);
    static_cast<void>(
        append_jsonb(context_, R"({"connection_name": )" + value_to_json(child, TypeId::kText) +
                                   R"(, "plugin": )" + value_to_json(plugin, TypeId::kText) + '}')
            .take());
}

void ChildOutput::write_frame(std::span<const std::byte> frame) {
    if (plan_.is_as_is()) {
        output_.write_frame(frame);
        return;
    }
    const auto cut = cut_frame(frame).take();
    if (!cut || cut->kind != FrameKind::kBlock) {
        throw Exception(ErrorKind::kInternal, "not a block frame");
    }
    std::uint32_t rows = open_block(cut->payload, child_types_, child_views_).take();
    if (!child_types_.empty()) {
        write_rows(rows);
        return;
    }
    while (rows > 0) {
        const std::uint32_t some = std::min(rows, kCountedRows);
        write_rows(some);
        rows -= some;
    }
}

void ChildOutput::write_rows(std::uint32_t row_count) {
    zeros_.resize(std::max(zeros_.size(), row_count * kMaxStride));
    no_values_.resize(std::max<std::size_t>(no_values_.size(), row_count / 8 + 1));
    for (std::size_t position = 0; position < views_.size(); ++position) {
        views_[position] = view_of(position, row_count);
    }
    build_block_frame(views_, row_count, frame_);
    output_.write_frame(frame_);
}

ColumnView ChildOutput::view_of(std::size_t position, std::uint32_t row_count) {
    const ColumnSource& source = plan_.columns[position];
    ColumnView view = empty_view(wanted_[position].type);
    switch (source.kind) {
    case Kind::kChild:
        return child_views_[source.index];
    case Kind::kConverted:
        return converted(position, row_count);
    case Kind::kConnection:
    case Kind::kContext: {
        const DataArea& data = source.kind == Kind::kConnection ? connection_ : context_;
        view.data = data.data();
        view.data_bytes = static_cast<std::uint32_t>(data.size());
        break;
    }
    case Kind::kMissing:
        view.nulls = no_values_.data();
        break;
    }
    view.values = zeros_.data(); // all rows: offset 0, or nothing
    return view;
}

ColumnView ChildOutput::converted(std::size_t position, std::uint32_t row_count) {
    const ColumnView& from = child_views_[plan_.columns[position].index];
    const std::string& name = wanted_[position].name;
    ColumnBuilder& builder = builders_[position];
    builder.clear();
    for (std::uint32_t row = 0; row < row_count; ++row) {
        const Value value = read_value(from, row, name);
        if (is_null(value)) {
            builder.append_null();
        } else {
            const std::string json = value_to_json(value, from.type);
            builder.append_offset(append_jsonb(builder.data(), json).take());
        }
    }
    return penstock::view_of(builder);
}

} // namespace penstock
