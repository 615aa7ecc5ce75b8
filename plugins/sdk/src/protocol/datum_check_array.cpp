#include "datum_check_parts.hpp"

#include "penstock/types/utf8.hpp"

#include <limits>

namespace penstock::datum {

namespace {

/// The elements of an array whose header has been checked.
struct Elements {
    const std::byte* begin = nullptr;
    std::uint32_t bytes = 0;
    std::uint32_t count = 0; ///< those that are not NULL
};

/// Bits of the first `count` that are set, i.e. elements that are not NULL.
std::uint32_t count_set(const std::byte* bitmap, std::uint32_t count) noexcept {
    std::uint32_t set = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        set += (static_cast<unsigned>(bitmap[i / 8]) >> (i % 8)) & 1U;
    }
    return set;
}

/// Checks everything in front of the elements. A header that the server would believe is a
/// disclosure of its memory, so each field has exactly one or two allowed values.
DatumFault open_array(const std::byte* value, std::uint32_t size, std::uint32_t element_oid,
                      Elements& elements) noexcept {
    if (size < sizeof(ArrayHeader)) {
        return DatumFault::kBadArray;
    }
    const auto header = load<ArrayHeader>(value);
    if (header.element_oid != element_oid) {
        return DatumFault::kBadArray;
    }
    if (header.dimensions == 0) {
        const bool is_good = header.data_offset == 0 && size == sizeof(ArrayHeader);
        return is_good ? DatumFault::kOk : DatumFault::kBadArray;
    }
    if (header.dimensions != 1 || size < kArrayPrefixBytes) {
        return DatumFault::kBadArray;
    }
    const auto length = load<std::int32_t>(value + sizeof(ArrayHeader));
    const auto lower_bound = load<std::int32_t>(value + sizeof(ArrayHeader) + 4);
    if (length <= 0 || lower_bound > std::numeric_limits<std::int32_t>::max() - length) {
        return DatumFault::kBadArray;
    }
    const auto count = static_cast<std::uint32_t>(length);
    std::uint32_t start = kArrayPrefixBytes;
    elements.count = count;
    if (header.data_offset != 0) {
        const std::uint32_t bitmap_bytes = count / 8 + (count % 8 != 0 ? 1 : 0);
        start = (kArrayPrefixBytes + bitmap_bytes + 7U) & ~7U; // MAXALIGN
        if (static_cast<std::uint32_t>(header.data_offset) != start || start > size) {
            return DatumFault::kBadArray;
        }
        elements.count = count_set(value + kArrayPrefixBytes, count);
    }
    elements.begin = value + start;
    elements.bytes = size - start;
    return DatumFault::kOk;
}

} // namespace

DatumFault check_int8_array(const std::byte* value, std::uint32_t size) noexcept {
    Elements elements;
    const DatumFault fault = open_array(value, size, kInt8Oid, elements);
    if (fault != DatumFault::kOk) {
        return fault;
    }
    const bool is_good = elements.bytes == std::uint64_t{elements.count} * sizeof(std::int64_t);
    return is_good ? DatumFault::kOk : DatumFault::kBadArray;
}

DatumFault check_text_array(const std::byte* value, std::uint32_t size) noexcept {
    Elements elements;
    const DatumFault fault = open_array(value, size, kTextOid, elements);
    if (fault != DatumFault::kOk) {
        return fault;
    }
    const std::byte* at = elements.begin;
    std::uint32_t room = elements.bytes;
    for (std::uint32_t i = 0; i < elements.count; ++i) {
        const std::uint32_t header = room >= kVarlenaHeaderBytes ? load<std::uint32_t>(at) : 0;
        const std::uint32_t element = header >> 2U;
        if (!is_long_header(header) || element < kVarlenaHeaderBytes || element > room ||
            align4(element) > room || !is_zero(at + element, align4(element) - element)) {
            return DatumFault::kBadArray;
        }
        if (!is_valid_text(as_text(at + kVarlenaHeaderBytes, element - kVarlenaHeaderBytes))) {
            return DatumFault::kBadText;
        }
        at += align4(element);
        room -= align4(element);
    }
    return room == 0 ? DatumFault::kOk : DatumFault::kBadArray;
}

} // namespace penstock::datum
