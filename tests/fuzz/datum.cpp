/// Input: one byte for the type, then the data area of a column with one value at its start.
#include "penstock/protocol/datum_check.hpp"
#include "server_walk.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace penstock;
    if (size < 2) {
        return -1;
    }
    const TypeInfo& type = all_types()[data[0] % all_types().size()];
    // A copy of exactly this size, aligned as a data area is.
    const std::size_t bytes = size - 1;
    auto* const area = static_cast<std::byte*>(std::malloc(bytes));
    std::memcpy(area, data + 1, bytes);
    constexpr std::byte kOffset[4] = {};
    const ColumnView column{nullptr, kOffset, area, static_cast<std::uint32_t>(bytes), type.id, 0};
    const std::byte* value = nullptr;
    if (check_varlena(column, 0, &value) == DatumFault::kOk) {
        fuzz::require(value == area, "a value in another place");
        fuzz::walk_value(type.id, {area, bytes});
    }
    std::free(area);
    return 0;
}
