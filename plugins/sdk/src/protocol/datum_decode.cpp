#include "penstock/protocol/datum_decode.hpp"

#include "datum_decode_parts.hpp"

#include "penstock/protocol/datum_format.hpp"

#include <string_view>

namespace penstock {

namespace datum {

std::string_view content_of(const std::byte* varlena) noexcept {
    const auto* bytes = reinterpret_cast<const char*>(varlena);
    const auto first = static_cast<std::uint8_t>(*varlena);
    if ((first & 1U) != 0) {
        return {bytes + 1, (first >> 1U) - 1U};
    }
    return {bytes + kVarlenaHeaderBytes,
            (load<std::uint32_t>(varlena) >> 2U) - kVarlenaHeaderBytes};
}

} // namespace datum

namespace {

using datum::load;

Inet decode_inet(std::string_view content) {
    Inet inet;
    inet.is_v6 = static_cast<std::uint8_t>(content[0]) == datum::inet::kFamilyV6;
    inet.bits = static_cast<std::uint8_t>(content[1]);
    content.remove_prefix(datum::inet::kPrefixBytes);
    std::memcpy(inet.bytes.data(), content.data(), inet.is_v6 ? 16 : 4);
    return inet;
}

std::size_t element_count(const std::byte* array) {
    const auto header = load<datum::ArrayHeader>(array);
    return header.dimensions == 0
               ? 0
               : static_cast<std::size_t>(load<std::int32_t>(array + sizeof(header)));
}

std::vector<std::string> decode_text_array(const std::byte* array) {
    std::vector<std::string> values;
    const std::byte* element = array + datum::kArrayPrefixBytes;
    for (std::size_t left = element_count(array); left > 0; --left) {
        values.emplace_back(datum::content_of(element));
        element += datum::align4(load<std::uint32_t>(element) >> 2U);
    }
    return values;
}

std::vector<std::int64_t> decode_int8_array(const std::byte* array) {
    std::vector<std::int64_t> values(element_count(array));
    if (!values.empty()) {
        std::memcpy(values.data(), array + datum::kArrayPrefixBytes, values.size() * 8);
    }
    return values;
}

Value decode_varlena(TypeId type, const std::byte* value) {
    const std::string_view content = datum::content_of(value);
    switch (type) {
    case TypeId::kText:
        return std::string(content);
    case TypeId::kBytea:
        return Bytes{std::string(content)};
    case TypeId::kNumeric:
        return Numeric{datum::numeric_text(content)};
    case TypeId::kInet:
    case TypeId::kCidr:
        return decode_inet(content);
    case TypeId::kJsonb:
        return Json{datum::jsonb_text(content)};
    case TypeId::kTextArray:
        return decode_text_array(value);
    default:
        return decode_int8_array(value);
    }
}

} // namespace

Value decode_datum(TypeId type, const std::byte* value) {
    switch (type) {
    case TypeId::kBool:
        return load<std::uint8_t>(value) != 0;
    case TypeId::kInt2:
        return std::int64_t{load<std::int16_t>(value)};
    case TypeId::kInt4:
        return std::int64_t{load<std::int32_t>(value)};
    case TypeId::kInt8:
        return load<std::int64_t>(value);
    case TypeId::kFloat4:
        return double{load<float>(value)};
    case TypeId::kFloat8:
        return load<double>(value);
    case TypeId::kDate:
        return load<Date>(value);
    case TypeId::kTimestamptz:
        return load<Timestamptz>(value);
    case TypeId::kInterval:
        return load<Interval>(value);
    case TypeId::kUuid:
        return load<Uuid>(value);
    default:
        return decode_varlena(type, value);
    }
}

} // namespace penstock
