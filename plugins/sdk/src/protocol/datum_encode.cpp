#include "penstock/protocol/datum_encode.hpp"

#include <stdexcept>

namespace penstock {

namespace {

/// Starts a varlena of `bytes` (header included) and writes its header. The first byte of it.
std::byte* start_varlena(DataArea& out, std::size_t bytes, std::size_t alignment = 4) {
    if (bytes > datum::kMaxVarlenaBytes) {
        throw std::length_error("value is over 1 GiB");
    }
    out.align(alignment);
    std::byte* const to = out.extend(bytes);
    datum::store(to, datum::long_header(static_cast<std::uint32_t>(bytes)));
    return to;
}

std::uint32_t offset_of(const DataArea& out, const std::byte* value) {
    return static_cast<std::uint32_t>(value - out.data());
}

/// An array's header and, unless it is empty, its one dimension.
std::byte* start_array(DataArea& out, std::size_t bytes, std::size_t count, std::uint32_t element) {
    std::byte* const to = start_varlena(out, bytes, element == datum::kInt8Oid ? 8 : 4);
    const auto header = datum::load<std::uint32_t>(to);
    datum::store(to, datum::ArrayHeader{header, count == 0 ? 0 : 1, 0, element});
    if (count != 0) {
        datum::store(to + sizeof(datum::ArrayHeader), static_cast<std::int32_t>(count));
        datum::store(to + sizeof(datum::ArrayHeader) + 4, std::int32_t{1});
    }
    return to;
}

} // namespace

std::uint32_t append_long_text(DataArea& out, std::string_view text) {
    std::byte* const to = start_varlena(out, text.size() + datum::kVarlenaHeaderBytes);
    std::memcpy(to + datum::kVarlenaHeaderBytes, text.data(), text.size());
    return offset_of(out, to);
}

std::uint32_t append_inet(DataArea& out, const Inet& value) {
    const std::size_t address_bytes = value.is_v6 ? 16 : 4;
    std::byte* const to =
        start_varlena(out, datum::kVarlenaHeaderBytes + datum::inet::kPrefixBytes + address_bytes);
    to[4] = std::byte{value.is_v6 ? datum::inet::kFamilyV6 : datum::inet::kFamilyV4};
    to[5] = std::byte{value.bits};
    std::memcpy(to + 6, value.bytes.data(), address_bytes);
    return offset_of(out, to);
}

std::uint32_t append_text_array(DataArea& out, std::span<const std::string> values) {
    if (values.empty()) {
        return offset_of(out, start_array(out, sizeof(datum::ArrayHeader), 0, datum::kTextOid));
    }
    std::size_t bytes = datum::kArrayPrefixBytes;
    for (const std::string& value : values) {
        bytes += (datum::kVarlenaHeaderBytes + value.size() + 3U) & ~std::size_t{3};
    }
    std::byte* const array = start_array(out, bytes, values.size(), datum::kTextOid);
    // Elements carry 4-byte headers: the server itself never puts short ones into an array.
    std::byte* to = array + datum::kArrayPrefixBytes;
    for (const std::string& value : values) {
        const auto size = static_cast<std::uint32_t>(datum::kVarlenaHeaderBytes + value.size());
        datum::store(to, datum::long_header(size));
        std::memcpy(to + datum::kVarlenaHeaderBytes, value.data(), value.size());
        std::memset(to + size, 0, datum::align4(size) - size);
        to += datum::align4(size);
    }
    return offset_of(out, array);
}

std::uint32_t append_int8_array(DataArea& out, std::span<const std::int64_t> values) {
    if (values.empty()) {
        return offset_of(out, start_array(out, sizeof(datum::ArrayHeader), 0, datum::kInt8Oid));
    }
    std::byte* const array = start_array(out, datum::kArrayPrefixBytes + values.size_bytes(),
                                         values.size(), datum::kInt8Oid);
    std::memcpy(array + datum::kArrayPrefixBytes, values.data(), values.size_bytes());
    return offset_of(out, array);
}

} // namespace penstock
