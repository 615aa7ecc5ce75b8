/// Input: one byte for the type, then the data area of a column with one value at its start.
#include "penstock/protocol/datum_check.hpp"
#include "penstock/protocol/datum_format.hpp"
#include "server_walk.hpp"

#include <cstdint>
#include <cstdlib>
#include <random>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

/// Lengths in these formats must add up, so that a change of one is refused before anything else
/// is looked at. Now and then, this moves a little from one word to another.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
    std::minstd_rand random(seed);
    const std::size_t words = size == 0 ? 0 : (size - 1) / 4;
    if (words < 2 || random() % 4 != 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    const auto change = [&](std::uint32_t by) {
        std::uint8_t* const at = data + 1 + 4 * (random() % words);
        const auto value =
            penstock::datum::load<std::uint32_t>(reinterpret_cast<const std::byte*>(at));
        penstock::datum::store(reinterpret_cast<std::byte*>(at), value + by);
    };
    const auto moved = static_cast<std::uint32_t>(1 + random() % 8);
    change(moved);
    change(0U - moved);
    return size;
}

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
