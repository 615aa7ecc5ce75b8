/// Input: one byte n, n bytes of types, then what a backend would receive on its socket.
#include "penstock/protocol/frame.hpp"
#include "penstock/protocol/block.hpp"
#include "penstock/protocol/datum_check.hpp"
#include "server_walk.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace penstock::fuzz {
namespace {

/// An aligned copy of exactly the payload's size: the sanitizer sees every byte read beyond it.
class Payload {
  public:
    explicit Payload(std::span<const std::byte> bytes)
        : bytes_(bytes.size()),
          memory_(static_cast<std::byte*>(std::malloc(bytes.size())), &std::free) {
        if (!bytes.empty()) {
            std::memcpy(memory_.get(), bytes.data(), bytes.size());
        }
    }
    [[nodiscard]] Bytes bytes() const { return {memory_.get(), bytes_}; }

  private:
    std::size_t bytes_;
    std::unique_ptr<std::byte, decltype(&std::free)> memory_;
};

void walk_column(const ColumnView& column, std::uint32_t row_count, Bytes payload) {
    for (std::uint32_t row = 0; row < row_count; ++row) {
        if (column.is_null(row)) {
            continue;
        }
        const std::byte* value = nullptr;
        if (column.width == 0) {
            if (check_varlena(column, row, &value) == DatumFault::kOk) {
                require(value >= column.data && value < column.data + column.data_bytes,
                        "a value outside its column");
                const auto room = static_cast<std::size_t>(column.data + column.data_bytes - value);
                walk_value(column.type, {value, room});
            }
            continue;
        }
        value = column.values + std::size_t{column.width} * row;
        (void)check_fixed(column.type, value);
        (void)cut(payload, static_cast<std::size_t>(value - payload.data()), column.width);
    }
}

void walk_block(Bytes received, std::span<const TypeId> types) {
    const Payload payload(received);
    std::vector<ColumnView> columns(types.size());
    const Result<std::uint32_t> row_count = open_block(payload.bytes(), types, columns);
    if (!row_count) {
        return;
    }
    require(types.empty() || row_count.value() <= kMaxBlockRows, "too many rows");
    for (const ColumnView& column : columns) {
        walk_column(column, row_count.value(), payload.bytes());
    }
}

void walk_stream(Bytes received, std::span<const TypeId> types) {
    while (true) {
        const auto cut = cut_frame(received);
        if (!cut || !cut.value()) {
            return;
        }
        const FrameView& frame = *cut.value();
        if (frame.kind == FrameKind::kBlock) {
            walk_block(frame.payload, types);
        }
        require(frame.frame_bytes >= kFrameHeaderBytes, "a frame that does not move on");
        received = received.subspan(frame.frame_bytes);
    }
}

} // namespace
} // namespace penstock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace penstock;
    constexpr std::size_t kMaxColumns = 20;
    if (size == 0 || data[0] > kMaxColumns || size < 1U + data[0]) {
        return -1;
    }
    std::vector<TypeId> types;
    for (std::size_t i = 1; i <= data[0]; ++i) {
        types.push_back(all_types()[data[i] % all_types().size()].id);
    }
    const auto received = std::as_bytes(std::span(data, size)).subspan(1U + data[0]);
    fuzz::walk_stream(received, types);
    return 0;
}
