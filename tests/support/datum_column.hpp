#pragma once

#include "penstock/protocol/datum_check.hpp"
#include "penstock/protocol/datum_encode.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace penstock::testing {

/// Checks the value at `offset` of `area` as a column of one row would be checked.
inline DatumFault check_at(const DataArea& area, std::uint32_t offset, TypeId type) {
    std::byte values[sizeof(offset)];
    std::memcpy(values, &offset, sizeof(offset));
    const ColumnView column{nullptr, values, area.data(), static_cast<std::uint32_t>(area.size()),
                            type,    0};
    const std::byte* value = nullptr;
    const DatumFault fault = check_varlena(column, 0, &value);
    if (fault == DatumFault::kOk && value != area.data() + offset) {
        return DatumFault::kOutOfBounds;
    }
    return fault;
}

/// `bytes` alone in an area of exactly their size.
inline DatumFault check_bytes(std::string_view bytes, TypeId type) {
    DataArea area;
    std::memcpy(area.extend(bytes.size()), bytes.data(), bytes.size());
    return check_at(area, 0, type);
}

/// The content of the 4-byte-headed varlena at `offset`, which must be the last one in `area`.
inline std::string long_content_at(const DataArea& area, std::uint32_t offset) {
    std::uint32_t header = 0;
    std::memcpy(&header, area.data() + offset, sizeof(header));
    if (header % 4 != 0 || offset + header / 4 != area.size()) {
        return "(bad header)";
    }
    return {reinterpret_cast<const char*>(area.data()) + offset + 4, header / 4 - 4};
}

/// `text` with the bytes from `at` on replaced.
inline std::string patched(std::string text, std::size_t at, std::string_view bytes) {
    return text.replace(at, bytes.size(), bytes);
}

/// A 4-byte-headed varlena around `content`.
inline std::string varlena(std::string_view content) {
    const auto header = static_cast<std::uint32_t>((content.size() + 4) << 2U);
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
    return bytes.append(content);
}

} // namespace penstock::testing
